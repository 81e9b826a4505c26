"""Which versions need a folder of their own before withdrawn ones lose theirs."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from service.storage.patches import Version
from service.workflows.purges.files import find_roots


@st.composite
def lineages(draw: st.DrawFn) -> tuple[list[Version], set[str]]:
    """Versions of up to three lineages, oldest first, each begun by a folder; some folders besides, some withdrawn."""
    versions: list[Version] = []
    for lineage in range(draw(st.integers(1, 3))):
        for seq in range(draw(st.integers(1, 12))):
            complete = seq == 0 or draw(st.booleans())
            number = len(versions)
            versions.append(
                Version(number, f"m{number}", f"l{lineage}", seq, complete, draw(st.booleans()), patched=seq > 0)
            )
    return versions, {version.id for version in versions if draw(st.booleans())}


def made_of(version: Version, versions: list[Version]) -> Iterator[Version]:
    """The version itself and those before it, back to the nearest folder."""
    for each in reversed([each for each in versions if each.lineage == version.lineage and each.seq <= version.seq]):
        yield each
        if each.complete:
            return


@given(lineages())
def test_no_retained_version_is_made_of_a_withdrawn_one(drawn: tuple[list[Version], set[str]]) -> None:
    """Once the roots have folders, every retained version that is not withdrawn stands on clean bytes alone; and no
    version gets a folder that stood on clean bytes before.
    """
    versions, withdrawn = drawn
    found = {version.id for version in find_roots(versions, withdrawn)}
    after = [version._replace(complete=version.complete or version.id in found) for version in versions]
    for version in versions:
        if version.retained and version.id not in withdrawn:
            assert not withdrawn & {each.id for each in made_of(after[version.number], after)}
        if version.id in found:
            assert withdrawn & {each.id for each in made_of(version, versions)}
