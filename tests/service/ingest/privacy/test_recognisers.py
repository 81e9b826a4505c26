"""What one value is taken for: true and false examples of each kind, checksums included."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.jp import cn, in_

from schemas.uploads import PersonalKind
from service.ingest.privacy.personal_kinds import (
    is_birth_date,
    is_card,
    is_corporate_number,
    is_email,
    is_likely_telephone,
    is_my_number,
    is_of_kind,
    is_postal_address,
    is_telephone,
)

DIGITS = st.text("0123456789", min_size=1, max_size=20)


@pytest.mark.parametrize(
    "value", ["taro@example.co.jp", "a.b+c@x-y.org", "mailto:a@b.de", "山田 <yamada@example.jp>", "o'hara@example.com"]
)
def test_e_mail_addresses_are_known(value: str) -> None:
    """Plain and tagged addresses, links, and addresses behind a name are e-mail addresses."""
    assert is_email(value)


@pytest.mark.parametrize("value", ["@property", "a@b", "50 @ 3.20", "git@github", "x@y@z.jp", "user at example.com"])
def test_an_at_sign_makes_no_e_mail_address(value: str) -> None:
    """A decorator, a unit price and a host without a domain are not e-mail addresses."""
    assert not is_email(value)


@pytest.mark.parametrize(
    "value",
    [
        "03-1234-5678",
        "(03) 1234-5678",
        "090-1234-5678",
        "09012345678",
        "0120-123-456",
        "TEL:06-6123-4567",
        "+81 3-1234-5678",
        "+44 20 7946 0958",
        "+1 212-555-0123",
    ],
)
def test_telephone_numbers_are_known(value: str) -> None:
    """Japanese numbers in their usual grouping and others with a country code are telephone numbers."""
    assert is_telephone(value)


@pytest.mark.parametrize(
    "value",
    [
        "2021-04-01",
        "01-02-2021",
        "0312345678",
        "012-345-6789",
        "4901234567894",
        "1333-74-0",
        "0042",
        "12:30",
        "212-555-0123",
        "192.168.10.20",
    ],
)
def test_codes_and_dates_are_no_telephone_numbers(value: str) -> None:
    """Dates, bar codes, registry numbers, other codes and addresses of machines are not telephone numbers."""
    assert not is_telephone(value)


def test_a_relation_that_speaks_of_telephones_is_believed() -> None:
    """Under a name that suggests telephones, numbers without hyphens or country code count; dates do not."""
    assert is_likely_telephone("0312345678")
    assert is_likely_telephone("212-555-0123")
    assert not is_likely_telephone("2021-04-01")
    assert is_of_kind(PersonalKind.TELEPHONE, "0312345678", named=True)
    assert not is_of_kind(PersonalKind.TELEPHONE, "0312345678", named=False)


@pytest.mark.parametrize("value", ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "3530111333300000"])
def test_cards_are_known_by_issuer_and_check_digit(value: str) -> None:
    """The card networks' own test numbers are card numbers."""
    assert is_card(value)
    wrong = value[:-1] + str((int(value[-1]) + 1) % 10)
    assert not is_card(wrong)


@given(number=DIGITS)
def test_no_number_is_a_card_without_its_check_digit(number: str) -> None:
    """A number with a wrong check digit is not a card number, whatever its length and issuer."""
    assert not is_card(number) or luhn.is_valid(number)


@given(body=st.text("0123456789", min_size=11, max_size=11), wrong=st.integers(1, 9))
def test_a_my_number_is_known_by_its_check_digit(body: str, wrong: int) -> None:
    """A My Number has the right last digit, plain or in groups of four; no other digit passes."""
    right = body + in_.calc_check_digit(body)
    assert is_my_number(right)
    assert is_my_number(f"{right[:4]} {right[4:8]} {right[8:]}")
    assert not is_my_number(body + str((int(right[-1]) + wrong) % 10))


@given(body=st.text("0123456789", min_size=12, max_size=12), wrong=st.integers(1, 8))
def test_a_corporate_number_is_known_by_its_check_digit(body: str, wrong: int) -> None:
    """A corporate or invoice registration number has the right first digit; no other digit passes."""
    first = int(cn.calc_check_digit(body))
    assert is_corporate_number(f"{first}{body}")
    assert is_corporate_number(f"T{first}{body}")
    assert not is_corporate_number(f"{(first - 1 + wrong) % 9 + 1}{body}")


def test_random_codes_are_rarely_anything() -> None:
    """At most one in nine random codes of twelve, thirteen or sixteen digits passes a checksum."""
    random = Random(20240601)

    def share(length: int, kind: PersonalKind) -> float:
        codes = ["".join(random.choices("0123456789", k=length)) for _ in range(2000)]
        return sum(is_of_kind(kind, code, named=False) for code in codes) / len(codes)

    assert share(12, PersonalKind.MY_NUMBER) < 0.13
    assert share(13, PersonalKind.CORPORATE_NUMBER) < 0.13
    assert share(16, PersonalKind.PAYMENT_CARD) < 0.05


@pytest.mark.parametrize(
    "value",
    [
        "東京都千代田区丸の内1-1-1",
        "大阪府大阪市北区梅田三丁目1番3号",
        "〒100-0001 東京都千代田区千代田1番1号",
        "横浜市西区みなとみらい2-2-1",
        "福島県狛江市虎ノ門40丁目16番1号 ハイツ神明内153",
        "221B Baker Street, London NW1 6XE",
        "1600 Pennsylvania Avenue NW, Washington",
        "Hauptstraße 12",
        "12 rue de la Paix, 75002 Paris",
    ],
)
def test_addresses_down_to_the_house_are_known(value: str) -> None:
    """Japanese addresses, with or without prefecture and postal code, and western ones are recognised."""
    assert is_postal_address(value)


@pytest.mark.parametrize(
    "value",
    ["東京都", "東京都千代田区", "北海道札幌市", "4 Wheel Drive", "3 Way Valve", "Oxford Street", "A棚-12-3", "区分1"],
)
def test_places_and_codes_are_no_addresses(value: str) -> None:
    """A prefecture, a city, a street without a number and `4 Wheel Drive` are not addresses."""
    assert not is_postal_address(value)


def test_dates_of_birth_are_dates_of_a_life() -> None:
    """Dates in the usual spellings, eras included, are dates of birth; dates of the next century are not."""
    for value in ("1984-03-05", "1984年3月5日", "19840305", "昭和59年3月5日", "S59.3.5", "05.03.1984"):
        assert is_birth_date(value)
    for value in ("2199-01-01", "1984", "3月5日", "12345678"):
        assert not is_birth_date(value)
