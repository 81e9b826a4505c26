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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialise

from service.errors import MemoryMismatch, MemoryOutdated
from service.memory.bank import Bank, bits_of_blocks, cut_blocks, pack_steps, unpack_steps
from service.memory.hashing import Keyring
from service.memory.pages import AnswerPage, NamePage, cut_name_pages
from service.memory.recipe import Resolved
from service.memory.solvers import solver_of
from service.memory.stored import Counts, Stored, canonical_json, open_relations

FORMAT = 3
MANIFEST = "manifest.json"
Tensors = dict[str, NDArray[Any]]


def save_artefact(stored: Stored, keyring: Keyring, path: Path) -> None:
    """Write to a folder beside `path`, flush it to the disk, then rename: a reader sees all of it or none."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        files = {
            "bank.safetensors": _bank_to_tensors(stored.bank),
            "answers.safetensors": answer_pages_to_tensors(stored.answers)
            | {"relations": _as_array(stored.relations.sealed)},
            "names.safetensors": _name_pages_to_tensors(stored.names),
        }
        hashes = {name: _write_file(draft / name, serialise(dict(tensors))) for name, tensors in files.items()}
        _write_file(draft / MANIFEST, _seal_manifest(stored, keyring, hashes))
        _flush_folder(draft)
        draft.rename(path)
        _flush_folder(path.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def load_artefact(path: Path, keyring: Keyring) -> Stored:
    """Check the manifest under the secret, each file against the manifest, and the whole against the digest."""
    manifest = _open_manifest(path, keyring)
    recipe = Resolved.from_json(manifest["recipe"])
    tensors = {name: _read_tensors(path / name, expected) for name, expected in manifest["files"].items()}
    answers, names = tensors["answers.safetensors"], tensors["names.safetensors"]
    stored = Stored.of(
        recipe,
        _bank_from_tensors(recipe, tensors["bank.safetensors"]),
        open_relations(keyring, answers["relations"].tobytes()),
        answer_pages_from_tensors(answers),
        cut_name_pages(names["folds"], names["digests"], recipe.name_pages),
        Counts(**manifest["counts"]),
    )
    if stored.digest != manifest["digest"]:
        raise MemoryMismatch("the memory's digest is not its manifest's")
    return stored


def answer_pages_to_tensors(pages: Sequence[AnswerPage]) -> Tensors:
    """Pages under each other: how many entries each has, the entries, where each page's ciphertext ends."""
    return {
        "counts": np.array([len(page.codes) for page in pages], dtype=np.uint32),
        "entry_relations": _concatenate([page.relations for page in pages], np.uint32),
        "codes": _concatenate([page.codes for page in pages], np.uint64),
        "ends": np.cumsum([len(page.ciphertext) for page in pages], dtype=np.uint64),
        "ciphertext": _as_array(b"".join(page.ciphertext for page in pages)),
    }


def answer_pages_from_tensors(tensors: Tensors) -> list[AnswerPage]:
    """The inverse of `answer_tensors`."""
    entries = np.cumsum(tensors["counts"], dtype=np.int64).tolist()
    ends = tensors["ends"].tolist()
    ciphertext = tensors["ciphertext"].tobytes()
    bounds = zip([0, *entries], entries, [0, *ends], ends, strict=False)
    relations, codes = tensors["entry_relations"], tensors["codes"]
    return [
        AnswerPage(relations[first:last], codes[first:last], ciphertext[start:end])
        for first, last, start, end in bounds
    ]


def _seal_manifest(stored: Stored, keyring: Keyring, hashes: Mapping[str, str]) -> bytes:
    manifest = {
        "format": FORMAT,
        "digest": stored.digest,
        "counts": stored.counts._asdict(),
        "recipe": stored.recipe.to_json(),
        "files": dict(hashes),
    }
    mac = keyring.mac(canonical_json(manifest))
    return json.dumps(manifest | {"mac": mac}, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _open_manifest(path: Path, keyring: Keyring) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        mac = manifest.pop("mac")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise MemoryMismatch("the memory has no readable manifest") from error
    if not isinstance(mac, str) or not keyring.is_mac(canonical_json(manifest), mac):
        raise MemoryMismatch("the manifest was altered, or belongs to another memory secret")
    if manifest["format"] != FORMAT:
        found = manifest["format"]
        raise MemoryOutdated(f"the memory has format {found}, this version reads {FORMAT}: train the dictionary anew")
    return dict(manifest)


def _bank_to_tensors(bank: Bank) -> Tensors:
    tensors: Tensors = {}
    first = 0
    for number, group in enumerate(bank.recipe.groups):
        blocks = bank.blocks[first : first + group.blocks]
        steps = np.concatenate([block.steps for block in blocks])
        tensors[f"{number}.rows"] = bank.table[first : first + group.blocks, 0].astype(np.uint16)
        tensors[f"{number}.weights"] = pack_steps(steps, bank.recipe.weight_bits)
        tensors[f"{number}.scales"] = np.concatenate([block.scales for block in blocks])
        first += group.blocks
    return tensors


def _bank_from_tensors(recipe: Resolved, tensors: Tensors) -> Bank:
    blocks, layout_of = [], solver_of(recipe).layout
    for number, group in enumerate(recipe.groups):
        layout = layout_of(recipe, group)
        steps = unpack_steps(tensors[f"{number}.weights"], recipe.weight_bits, layout.width)
        scales = tensors[f"{number}.scales"].reshape(-1)
        blocks += cut_blocks(steps, scales, tensors[f"{number}.rows"].tolist(), layout)
    if len(blocks) != len(bits_of_blocks(recipe)):
        raise MemoryMismatch("the memory has not as many blocks as its recipe")
    return Bank(recipe, blocks)


def _name_pages_to_tensors(pages: Sequence[NamePage]) -> Tensors:
    return {
        "folds": np.concatenate([page.folds for page in pages]),
        "digests": np.concatenate([page.digests for page in pages]),
    }


def _concatenate(columns: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *columns])


def _as_array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


def _write_file(path: Path, data: bytes) -> str:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def _read_tensors(path: Path, expected: str) -> Tensors:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise MemoryMismatch(f"{path.name} is not the file its manifest describes")
        with safe_open(path, framework="numpy") as tensors:  # memory-mapped
            return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise MemoryMismatch(f"{path.name} cannot be read") from error


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
