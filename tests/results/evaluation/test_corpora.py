"""Corpora are read from small trees in their exact layout; a folder of another layout is a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.results.evaluation.corpora import LAYOUTS, read_corpus


def tree(folder: Path, *names: str, **texts: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def read(name: str, folder: Path) -> list[tuple[str, str | None, str, str]]:
    return [
        (one.path.relative_to(folder).as_posix(), one.label, one.speaker, one.language)
        for one in read_corpus(name, folder)
    ]


def test_emodb(tmp_path: Path) -> None:
    tree(tmp_path, "wav/03a01Fa.wav", "wav/16b10Wb.wav", "wav/08a02La.wav", "wav/readme.txt", "wav/notes.wav")
    assert read("emodb", tmp_path) == [
        ("wav/03a01Fa.wav", "happy", "03", "de"),
        ("wav/08a02La.wav", "bored", "08", "de"),
        ("wav/16b10Wb.wav", "angry", "16", "de"),
    ]


def test_ravdess_takes_speech_and_leaves_songs_and_films(tmp_path: Path) -> None:
    tree(tmp_path, "Actor_01/03-01-05-01-02-01-01.wav", "Actor_12/03-01-08-02-01-01-12.wav",
         "Actor_01/03-02-05-01-02-01-01.wav", "Actor_01/01-01-05-01-02-01-01.wav")  # fmt: skip
    assert read("ravdess", tmp_path) == [
        ("Actor_01/03-01-05-01-02-01-01.wav", "angry", "01", "en"),
        ("Actor_12/03-01-08-02-01-01-12.wav", "surprised", "12", "en"),
    ]


def test_a_corpus_behind_links_is_read_and_each_file_once(tmp_path: Path) -> None:
    corpus = tree(tmp_path / "corpus", "Actor_07/03-01-05-01-02-01-07.wav", "Actor_08/03-01-03-01-02-01-08.WAV")
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    (chosen / "Actor_07").symlink_to(corpus / "Actor_07")
    (chosen / "eight.link").symlink_to(corpus / "Actor_08")
    (chosen / "03-01-05-01-02-01-07.wav").symlink_to(corpus / "Actor_07" / "03-01-05-01-02-01-07.wav")
    (chosen / "again").symlink_to(chosen)
    assert read("ravdess", chosen) == [
        ("03-01-05-01-02-01-07.wav", "angry", "07", "en"),
        ("eight.link/03-01-03-01-02-01-08.WAV", "happy", "08", "en"),
    ]
    (tmp_path / "link").symlink_to(corpus)
    assert len(read("ravdess", tmp_path / "link")) == 2


def test_crema_d(tmp_path: Path) -> None:
    tree(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1091_IEO_SAD_HI.wav", "AudioWAV/1040_ITH_SAD_X.wav")
    assert read("crema-d", tmp_path) == [
        ("AudioWAV/1001_DFA_ANG_XX.wav", "angry", "1001", "en"),
        ("AudioWAV/1040_ITH_SAD_X.wav", "sad", "1040", "en"),
        ("AudioWAV/1091_IEO_SAD_HI.wav", "sad", "1091", "en"),
    ]


def test_nemo(tmp_path: Path) -> None:
    header = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"
    lines = 'SB0_anger_1.wav\tanger\tA "b\tab\tSB0\tfemale\t20\nKW_surprised_2.wav\tsurprised\tc\tc\tKW\tmale\t30\n'
    tree(tmp_path, "samples/SB0_anger_1.wav", "samples/KW_surprised_2.wav", data_dot_tsv=header + lines)
    assert read("nemo", tmp_path) == [
        ("samples/KW_surprised_2.wav", "surprised", "KW", "pl"),
        ("samples/SB0_anger_1.wav", "angry", "SB0", "pl"),
    ]


def test_iemocap(tmp_path: Path) -> None:
    text = (
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
        "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
        "C-E2:\tNeutral;\t()\n"
        "[10.0100 - 11.3925]\tSes01F_impro01_M001\txxx\t[2.5000, 2.5000, 2.5000]\n"
        "[12.0 - 13.0]\tSes01F_impro01_M002\texc\t[4.5000, 3.5000, 2.5000]\n"
    )
    script = "[1.0 - 2.0]\tSes01F_script01_1b_F003\tang\t[1.0, 4.0, 4.0]\n"
    base, sentences = "Session1__dialog__EmoEvaluation__", "Session1/sentences/wav"
    tree(tmp_path, *(f"{sentences}/Ses01F_impro01/Ses01F_impro01_{turn}.wav" for turn in ("F000", "M001", "M002")),
         f"{sentences}/Ses01F_script01_1b/Ses01F_script01_1b_F003.wav",
         **{f"{base}Ses01F_impro01_dot_txt": text, f"{base}Ses01F_script01_1b_dot_txt": script})  # fmt: skip
    assert [(label, speaker) for _, label, speaker, _ in read("iemocap", tmp_path)] == [
        ("neutral", "Ses01F"),
        (None, "Ses01M"),
        ("happy", "Ses01M"),
        ("angry", "Ses01F"),
    ]


def test_sessions_behind_links(tmp_path: Path) -> None:
    turn = "Ses01F_impro01_F000"
    tree(tmp_path / "disk", f"Session1/sentences/wav/Ses01F_impro01/{turn}.wav")
    text = tmp_path / "disk" / "Session1" / "dialog" / "EmoEvaluation" / "one.txt"
    text.parent.mkdir(parents=True)
    text.write_text(f"[0.0 - 1.0]\t{turn}\tang\t[1, 1, 1]\n", encoding="utf-8")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "Session1").symlink_to(tmp_path / "disk" / "Session1")
    assert [(label, speaker) for _, label, speaker, _ in read("iemocap", tmp_path / "corpus")] == [("angry", "Ses01F")]


def test_labelled(tmp_path: Path) -> None:
    tree(tmp_path, "a.flac", "b/c.wav", labels_dot_csv="file,speaker,emotion\na.flac,1,sad\nb/c.wav,2,\n")
    assert read("labelled", tmp_path) == [("a.flac", "sad", "1", ""), ("b/c.wav", None, "2", "")]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_of_another_layout_is_a_sentence(name: str, tmp_path: Path) -> None:
    tree(tmp_path, "one.wav", "two.wav", "three.wav", "four/x.wav", "five.txt")
    with pytest.raises(UserError) as error:
        read_corpus(name, tmp_path)
    sentence = str(error.value)
    assert all(part in sentence for part in (str(tmp_path), f" {name}: ", LAYOUTS[name].expected, "five.txt, four/"))
    assert sentence.endswith("…")


def test_a_corpus_or_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'emo'; .*emodb, ravdess"):
        read_corpus("emo", tmp_path)
    with pytest.raises(UserError, match=re.escape(str(tmp_path / "none"))):
        read_corpus("emodb", tmp_path / "none")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match=rf"{re.escape(str(empty))} .*emodb"):
        read_corpus("emodb", empty)


def test_a_table_without_a_column_or_with_files_that_are_gone(tmp_path: Path) -> None:
    tree(tmp_path, labels_dot_csv="file,emotion\na.wav,sad\n")
    with pytest.raises(UserError, match=r"labels\.csv .* speaker; .* file, emotion"):
        read_corpus("labelled", tmp_path)
    tree(tmp_path, labels_dot_csv="file,speaker,emotion\na.wav,1,sad\n")
    with pytest.raises(UserError, match=r"a\.wav.* \(1 of 1"):
        read_corpus("labelled", tmp_path)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("file,speaker,emotion\na.wav,Jörg,sad\n".encode("latin-1"), r"labels\.csv, line 2: .*UTF-8"),
        (b"file,speaker,emotion\na.wav,1,sad\nb.wav,1\n", r"labels\.csv, line 3: .* 2 .* 3\b"),
        (b"\x00\xff\x00", r"labels\.csv .* emotion, file, speaker"),
    ],
    ids=["latin-1", "short", "no text"],
)
def test_a_table_that_cannot_be_read_is_a_sentence(content: bytes, named: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(UserError, match=named):
        read_corpus("labelled", tmp_path)


def test_a_table_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "labels.csv").write_bytes("\ufefffile;speaker;emotion\r\na.wav;Jörg;sad\r\n".encode())
    assert read("labelled", tmp_path) == [("a.wav", "sad", "Jörg", "")]
