"""The patch: all that an edit writes. It turns one version of a memory into the next, and no other.

A length, a manifest (digests of both versions, counts, SHA-256 of the rest; authenticated under the memory secret), and
the changed blocks and pages as safetensors.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as deserialise
from safetensors.numpy import save as serialise

from service.errors import MemoryMismatch
from service.memory.artefact import Tensors, answer_pages_from_tensors, answer_pages_to_tensors
from service.memory.bank import Block, bits_of_blocks, pack_steps, scales_of_blocks, unpack_steps
from service.memory.hashing import Keyring
from service.memory.pages import NamePage
from service.memory.recipe import Resolved
from service.memory.stored import Counts, Stored, StoredChanges, canonical_json, open_relations

FORMAT = 1
_LENGTH = 4  # bytes of the manifest's own length


def seal_patch(changed: StoredChanges, keyring: Keyring, before: Stored, after: Stored) -> bytes:
    """What `unseal` reads back with the same secret, for the version `before` alone."""
    tensors = _blocks_to_tensors(changed.blocks, before.recipe) | _pages_to_tensors(changed)
    if changed.relations is not None:
        tensors["relations"] = np.frombuffer(changed.relations.sealed, dtype=np.uint8)
    payload = serialise(tensors)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "before": before.digest,
        "after": after.digest,
        "counts": changed.counts._asdict(),
        "payload": hashlib.sha256(payload).hexdigest(),
    }
    head = canonical_json(manifest | {"mac": keyring.mac(canonical_json(manifest))})
    return len(head).to_bytes(_LENGTH, "little") + head + payload


def apply_patches(patches: Sequence[bytes], keyring: Keyring, before: Stored) -> tuple[Stored, StoredChanges | None]:
    """The version that patches lead to from `before`, one after the other, and all that they change (None: there are
    none). MemoryMismatch for a patch that was altered or is not for the version it is applied to.
    """
    digest = before.digest
    changed: StoredChanges | None = None
    for patch in patches:
        manifest, payload = _open_patch(patch, keyring)
        if manifest["before"] != digest:
            raise MemoryMismatch("the patch is for another version of the memory")
        digest = manifest["after"]
        step = _read_changes(manifest, deserialise(payload), keyring, before)
        changed = step if changed is None else changed.then(step)
    after = before if changed is None else before.with_changes(changed)
    if after.digest != digest:
        raise MemoryMismatch("the patched memory's digest is not its patch's")
    return after, changed


def _read_changes(manifest: dict[str, Any], tensors: Tensors, keyring: Keyring, before: Stored) -> StoredChanges:
    sealed = tensors["relations"].tobytes() if "relations" in tensors else None
    return StoredChanges(
        blocks=_read_blocks(tensors, before.recipe),
        answers=dict(
            zip(
                tensors["answer.pages"].tolist(),
                answer_pages_from_tensors(_with_prefix(tensors, "answer.")),
                strict=True,
            )
        ),
        names=_read_name_pages(tensors),
        relations=None if sealed is None else open_relations(keyring, sealed),
        counts=Counts(**manifest["counts"]),
    )


def _open_patch(patch: bytes, keyring: Keyring) -> tuple[dict[str, Any], bytes]:
    end = _LENGTH + int.from_bytes(patch[:_LENGTH], "little")
    try:
        manifest = json.loads(patch[_LENGTH:end])
        mac = manifest.pop("mac")
    except (ValueError, KeyError, AttributeError) as error:
        raise MemoryMismatch("the patch has no readable manifest") from error
    if not isinstance(mac, str) or not keyring.is_mac(canonical_json(manifest), mac):
        raise MemoryMismatch("the patch was altered, or belongs to another memory secret")
    if manifest["format"] != FORMAT or hashlib.sha256(patch[end:]).hexdigest() != manifest["payload"]:
        raise MemoryMismatch("the patch is not what its manifest describes")
    return manifest, patch[end:]


def _blocks_to_tensors(blocks: Mapping[int, Block], recipe: Resolved) -> Tensors:
    """Blocks one after the other; their code lengths follow from their numbers."""
    steps = [pack_steps(block.steps, recipe.weight_bits) for block in blocks.values()]
    return {
        "blocks": np.array(list(blocks), dtype=np.int64),
        "rows": np.array([len(block.steps) for block in blocks.values()], dtype=np.uint16),
        "weights": np.concatenate([np.empty(0, np.uint8), *steps]),
        "scales": np.concatenate([np.empty(0, np.float16), *(block.scales for block in blocks.values())]),
    }


def _read_blocks(tensors: Tensors, recipe: Resolved) -> dict[int, Block]:
    numbers = tensors["blocks"]
    bits = bits_of_blocks(recipe)[numbers]
    ends = np.cumsum(tensors["rows"].astype(np.int64) * bits * recipe.weight_bits // 8)
    weights = np.split(tensors["weights"], ends[:-1])
    scales = np.split(tensors["scales"], np.cumsum(scales_of_blocks(recipe)[numbers])[:-1])
    return {
        number: Block(unpack_steps(stored, recipe.weight_bits, width), scale)
        for number, width, stored, scale in zip(numbers.tolist(), bits.tolist(), weights, scales, strict=False)
    }


def _pages_to_tensors(changed: StoredChanges) -> Tensors:
    tensors = {f"answer.{name}": part for name, part in answer_pages_to_tensors(list(changed.answers.values())).items()}
    names = changed.names.values()
    digests: list[NDArray[np.uint8]] = [page.digests for page in names]
    return tensors | {
        "answer.pages": np.array(list(changed.answers), dtype=np.int64),
        "name.pages": np.array(list(changed.names), dtype=np.int64),
        "name.counts": np.array([len(page.folds) for page in names], dtype=np.int64),
        "name.folds": np.concatenate([np.empty(0, np.uint64), *(page.folds for page in names)]),
        "name.digests": np.concatenate(digests) if digests else np.empty((0, 1), np.uint8),
    }


def _read_name_pages(tensors: Tensors) -> dict[int, NamePage]:
    ends = np.cumsum(tensors["name.counts"]).tolist()
    folds, digests = tensors["name.folds"], tensors["name.digests"]
    pages = (NamePage(folds[start:end], digests[start:end]) for start, end in zip([0, *ends], ends, strict=False))
    return dict(zip(tensors["name.pages"].tolist(), pages, strict=True))


def _with_prefix(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): part for name, part in tensors.items() if name.startswith(prefix)}
