"""Multilingual E5 in numpy: against the same network in PyTorch, on a file of the real form with weights of our own."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models import torchaudio_cpu
from pipeline.analysis.text.e5 import E5, NAME, WEIGHTS
from pipeline.analysis.text.e5_weights import BLOCK, unpacked
from pipeline.errors import ModelCorrupt

WIDTH, LAYERS, HEADS, HIDDEN, MOST_TOKENS, EPSILON = 64, 2, 4, 96, 16, 1e-12
PIECES = ["<s>", "<pad>", "</s>", "<unk>", *"▁abcdefghijklmnopqrstuvwxyzé:", "▁que", "ry", "▁ab", "<mask>"]
MATRICES = {"q.w": WIDTH, "k.w": WIDTH, "v.w": WIDTH, "ao.w": WIDTH, "fi.w": WIDTH, "fo.w": HIDDEN}


def packed(values: np.ndarray[Any, Any]) -> bytes:
    """Weights in blocks of 32: their scale, then the low half of the bytes, then the high one."""
    blocks = values.reshape(-1, BLOCK)
    scales = (np.abs(blocks).max(axis=1) / 7).astype("<f2")
    steps = (np.clip(np.rint(blocks / scales[:, None].astype(np.float32)), -8, 7) + 8).astype(np.uint8)
    return b"".join(
        scale.tobytes() + (row[: BLOCK // 2] | row[BLOCK // 2 :] << 4).tobytes()
        for scale, row in zip(scales, steps, strict=True)
    )


def tensors(random: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    def draw(*shape: int) -> np.ndarray[Any, Any]:
        return random.normal(0, 0.3, shape).astype("<f4")

    made = {"emb.word": draw(len(PIECES), WIDTH), "emb.pos": draw(MOST_TOKENS, WIDTH), "emb.type": draw(2, WIDTH)}
    made |= {"emb.ln.w": 1 + draw(WIDTH), "emb.ln.b": draw(WIDTH)}
    for number in range(LAYERS):
        for name, width in MATRICES.items():
            rows = HIDDEN if name == "fi.w" else WIDTH
            made |= {f"l{number}.{name}": draw(rows, width), f"l{number}.{name[:-1]}b": draw(rows)}
        for name in ("aln", "oln"):
            made |= {f"l{number}.{name}.w": 1 + draw(WIDTH), f"l{number}.{name}.b": draw(WIDTH)}
    return made


def write_model(folder: Path) -> Path:
    """A small model in the form of the real one."""
    words = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, words)]).astype("<u4")
    scores = -np.arange(len(PIECES), dtype="<f4")
    scores[-4:-1] = -1  # longer pieces are the likelier ones
    head = b"E5S1" + struct.pack("<I7ifi", 1, WIDTH, LAYERS, HEADS, HIDDEN, len(PIECES), MOST_TOKENS, 2, EPSILON, BLOCK)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(ends[-1])) + ends.tobytes() + scores.tobytes()
    head += b"".join(words)
    changed = b"".join(struct.pack("<IBI", ord(one), 1, ord(to)) for one, to in (("A", "a"), ("\n", " ")))
    head += struct.pack("<iI", 2, len(changed)) + changed
    entries, content, made = [], b"", tensors(np.random.default_rng(7))
    for name, values in made.items():
        is_packed = values.ndim == 2 and name not in ("emb.pos", "emb.type")
        data = packed(values) if is_packed else values.tobytes()
        entries.append((name.encode(), is_packed, values.size, len(content), len(data)))
        content += data
    start = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in entries)
    directory = struct.pack("<i", len(entries))
    for name, is_packed, count, place, size in entries:
        directory += struct.pack("<H", len(name)) + name + struct.pack("<BIQQ", is_packed, count, start + place, size)
    (folder / WEIGHTS).write_bytes(head + directory + content)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> E5:
    return E5(write_model(tmp_path_factory.mktemp("e5")))


@given(st.lists(st.floats(-2, 2, width=16), min_size=BLOCK, max_size=BLOCK).filter(any))
def test_packed_weights_come_back_within_half_a_step(values: list[float]) -> None:
    weights = np.array(values, dtype=np.float32)
    found = unpacked(np.frombuffer(packed(weights), np.uint8), BLOCK)[0]
    assert np.abs(found - weights).max() <= 0.51 * np.abs(weights).max() / 7 + 1e-3


def test_text_is_normalised_and_cut_into_its_likeliest_pieces(small: E5) -> None:
    number = PIECES.index
    assert small.tokens("query: ab") == [number("▁que"), number("ry"), number(":"), number("▁ab")]
    assert small.tokens("Ab  \n a") == [number("▁ab"), number("▁"), number("a")]
    assert small.tokens("e\u0301") == small.tokens("é"), "a letter and its accent are one"
    assert small.tokens("€€€") == [number("▁"), 3], "what is not in the vocabulary"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("abcdé €\n😀ش", max_size=60), min_size=1, max_size=6))
def test_a_vector_has_length_one_and_does_not_depend_on_the_texts_beside_it(small: E5, texts: list[str]) -> None:
    together = small.embed(texts)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-4)
    assert together[-1] == pytest.approx(small.embed(texts[-1:])[0], abs=1e-4)


def test_no_text_gives_no_vector(small: E5) -> None:
    assert small.embed([]).shape == (0, WIDTH)


def test_a_long_text_is_read_to_its_end(small: E5) -> None:
    long = "abc " * 40
    assert not np.allclose(small.embed([long + "zzzzzz"]), small.embed([long + "mnopqr"]), atol=1e-3)


@pytest.mark.slow
def test_the_network_is_bert(small: E5, tmp_path: Path) -> None:
    import torch

    torchaudio_cpu.make_importable()
    from transformers import BertConfig, BertModel

    reference = BertModel(
        BertConfig(
            vocab_size=len(PIECES), hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
            intermediate_size=HIDDEN, max_position_embeddings=MOST_TOKENS, layer_norm_eps=EPSILON,
        ),
        add_pooling_layer=False,
    ).eval()  # fmt: skip
    places = {
        "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
        "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
        "fo": "output.dense", "oln": "output.LayerNorm",
    }  # fmt: skip
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    state = {}
    for name, values in tensors(np.random.default_rng(7)).items():
        layer, _, part = name.partition(".")
        target = names.get(name) or (
            f"encoder.layer.{layer[1:]}.{places[part[:-2]]}.{'weight' if part.endswith('w') else 'bias'}"
        )
        if values.ndim == 2 and name not in ("emb.pos", "emb.type"):
            state[target] = torch.tensor(unpacked(np.frombuffer(packed(values), np.uint8), values.shape[1]))
        else:
            state[target] = torch.tensor(np.array(values))
    reference.load_state_dict(state, strict=True)
    text = "abc é"
    tokens = torch.tensor([[0, *small.tokens("query: " + text), 2]])
    with torch.no_grad():
        mean = reference(tokens).last_hidden_state[0].mean(dim=0).numpy()
    assert small.embed([text])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


def test_another_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(ModelCorrupt, match=WEIGHTS):
        E5(tmp_path)


@pytest.mark.slow
@pytest.mark.model
def test_the_same_in_another_language_is_nearer_than_something_else_in_the_same() -> None:
    folder = model_cache.find(NAME)
    if folder is None:
        pytest.skip("the weights of multilingual E5 are not installed")
    encoder = E5(folder)
    said = encoder.embed(["People complain about the high price", "Tomorrow it will rain in the mountains"])
    for dear, rain in (
        ("La gente se queja del precio alto", "Mañana lloverá en la montaña"),
        ("Les gens se plaignent du prix élevé", "Demain il pleuvra en montagne"),
        ("Die Leute beschweren sich über den hohen Preis", "Morgen regnet es in den Bergen"),
        ("Люди жалуются на высокую цену", "Завтра в горах будет дождь"),
        ("الناس يشتكون من السعر المرتفع", "غدا ستمطر في الجبال"),
        ("אנשים מתלוננים על המחיר הגבוה", "מחר יירד גשם בהרים"),
        ("人々は高い値段に不満を言っている", "明日は山で雨が降るでしょう"),
    ):
        similarity = said @ encoder.embed([dear, rain]).T
        assert similarity[0, 0] > similarity[0, 1], dear
        assert similarity[1, 1] > similarity[1, 0], rain
