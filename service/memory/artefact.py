"""The stored form of a memory: a folder of safetensors files and a manifest that vouches for every byte.

manifest.json   format, digest, counts, resolved recipe, SHA-256 of each file; authenticated under the memory secret
bank.safetensors      per group: rows, weights (int8, or two steps a byte), float16 scales
answers.safetensors   codes in the clear, answer texts and relation names encrypted (AES-SIV)
names.safetensors     keyed hashes of subject names

Nothing is executed on load, and nothing is loaded that differs from its manifest in a single byte.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialise

from service.errors import MemoryMismatch
from service.memory.answers import AnswerPages, decrypt, encrypt
from service.memory.bank import Bank, GroupWeights, pack, unpack
from service.memory.hashing import Keyring, Words
from service.memory.recipe import Resolved

FORMAT = 1
MANIFEST = "manifest.json"
RELATION_PAGE = 2**32  # associated data of the encrypted relation names: no answer page has this number
Tensors = dict[str, NDArray[Any]]


class Counts(NamedTuple):
    """pairs and facts held; code_bits: the sum over pairs of the length of their codes."""

    pairs: int
    facts: int
    code_bits: int


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything a memory is, as it is stored.

    relations: names in the order of the recipe, None where a relation has no facts. folds and digests: the name index.
    """

    recipe: Resolved
    bank: Bank
    relations: list[str | None]
    answers: AnswerPages
    folds: Words
    digests: NDArray[np.uint8]
    counts: Counts


def digest(stored: Stored, keyring: Keyring) -> str:
    """SHA-256 over the hashes of resolved recipe, blocks, answer pages, relation names and name index."""
    tables = _answers(stored, keyring) | _names(stored)
    parts = [_canonical(stored.recipe.to_json()), *stored.bank.block_hashes()]
    parts += [name.encode() + hashlib.sha256(_raw(tables[name])).digest() for name in sorted(tables)]
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()


def save(stored: Stored, keyring: Keyring, path: Path) -> None:
    """Write to a folder beside `path`, flush it to the disk, then rename: a reader sees all of it or none."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        files = {
            "bank.safetensors": _bank(stored.bank),
            "answers.safetensors": _answers(stored, keyring),
            "names.safetensors": _names(stored),
        }
        hashes = {name: _write(draft / name, serialise(dict(tensors))) for name, tensors in files.items()}
        _write(draft / MANIFEST, _sealed(stored, keyring, hashes))
        _flush(draft)
        draft.rename(path)
        _flush(path.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def load(path: Path, keyring: Keyring) -> Stored:
    """Check the manifest under the secret, each file against the manifest, and the whole against the digest."""
    manifest = _opened(path, keyring)
    recipe = Resolved.from_json(manifest["recipe"])
    tensors = {name: _read(path / name, expected) for name, expected in manifest["files"].items()}
    answers, names = tensors["answers.safetensors"], tensors["names.safetensors"]
    sealed = answers["relations"].tobytes()
    stored = Stored(
        recipe,
        _bank_of(recipe, tensors["bank.safetensors"]),
        [held[0] if held else None for held in decrypt(_cipher(keyring), sealed, RELATION_PAGE)],
        AnswerPages(*(answers[name] for name in _ANSWER_COLUMNS)),
        names["folds"],
        names["digests"],
        Counts(**manifest["counts"]),
    )
    if digest(stored, keyring) != manifest["digest"]:
        raise MemoryMismatch("the memory's digest is not its manifest's")
    return stored


_ANSWER_COLUMNS = ("counts", "entry_relations", "codes", "ends", "ciphertext")


def _sealed(stored: Stored, keyring: Keyring, hashes: Mapping[str, str]) -> bytes:
    manifest = {
        "format": FORMAT,
        "digest": digest(stored, keyring),
        "counts": stored.counts._asdict(),
        "recipe": stored.recipe.to_json(),
        "files": dict(hashes),
    }
    mac = keyring.mac(_canonical(manifest))
    return json.dumps(manifest | {"mac": mac}, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _opened(path: Path, keyring: Keyring) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        mac = manifest.pop("mac")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise MemoryMismatch("the memory has no readable manifest") from error
    if not isinstance(mac, str) or not keyring.is_mac(_canonical(manifest), mac):
        raise MemoryMismatch("the manifest was altered, or belongs to another memory secret")
    if manifest["format"] != FORMAT:
        raise MemoryMismatch(f"the memory has format {manifest['format']}, this version reads {FORMAT}")
    return dict(manifest)


def _bank(bank: Bank) -> Tensors:
    tensors: dict[str, NDArray[Any]] = {}
    for number, group in enumerate(bank.groups):
        tensors[f"{number}.rows"] = group.rows
        tensors[f"{number}.weights"] = pack(group.steps, bank.recipe.weight_bits)
        tensors[f"{number}.scales"] = group.scales
    return tensors


def _bank_of(recipe: Resolved, tensors: Tensors) -> Bank:
    return Bank(
        recipe,
        [
            GroupWeights(
                tensors[f"{number}.rows"],
                unpack(tensors[f"{number}.weights"], recipe.weight_bits, group.code_bits),
                tensors[f"{number}.scales"],
            )
            for number, group in enumerate(recipe.groups)
        ],
    )


def _answers(stored: Stored, keyring: Keyring) -> Tensors:
    pages = stored.answers
    columns = (pages.counts, pages.relations, pages.codes, pages.ends, pages.ciphertext)
    names = [[name] if name is not None else [] for name in stored.relations]
    relations = np.frombuffer(encrypt(_cipher(keyring), names, RELATION_PAGE), dtype=np.uint8)
    tensors: Tensors = dict(zip(_ANSWER_COLUMNS, columns, strict=True))
    return tensors | {"relations": relations}


def _names(stored: Stored) -> Tensors:
    return {"folds": stored.folds, "digests": stored.digests}


def _cipher(keyring: Keyring) -> AESSIV:
    return AESSIV(keyring.subkey("answers", 64))


def _raw(tensor: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(tensor).tobytes()


def _canonical(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _write(path: Path, data: bytes) -> str:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def _read(path: Path, expected: str) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise MemoryMismatch(f"{path.name} is not the file its manifest describes")
        with safe_open(path, framework="numpy") as tensors:  # memory-mapped
            return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise MemoryMismatch(f"{path.name} cannot be read") from error


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
