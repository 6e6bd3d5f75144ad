"""What a study asks of each stage: its options, and the fingerprint of all that can change its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.analysis.models import cache as model_cache
from pipeline.sources.filters import PostFilter
from pipeline.stage import Setting, Stage, StagePlan, plan_stage
from pipeline.stages import STAGES
from pipeline.study import binding
from pipeline.study.config import Study, StudyFile


def setting_of(study: Study, *, reads_only: bool = False) -> Setting:
    """What the stages of a study may know of this machine; with `reads_only` its key is neither read nor made."""
    key = None
    if study.file.privacy.pseudonymise:  # that there is a key is part of a fingerprint, which one is not
        key = b"" if reads_only else binding.key_of(study)
    return Setting(
        models_folder=study.file.models_folder,
        key=key,
        heads_folder=study.folder.heads,
        download_folder=study.folder.media,
        study_folder=study.file.path.parent,
        keeps_out=PostFilter(study.file.filters).keeps_out,
    )


def plan_stages(file: StudyFile, setting: Setting, stages: Sequence[type[Stage]] = STAGES) -> list[StagePlan]:
    """Every stage with its options and fingerprint, in run order; loads no model."""
    plans: list[StagePlan] = []
    fingerprints: dict[str, str] = {}
    for stage in stages:
        options = file.options[stage.name]
        names = stage.models(options, setting)
        digests = {name: model_cache.identity(name, setting.models_folder) for name in names}
        digests |= stage.own_models(options, setting)
        plan = plan_stage(stage, options, setting, digests, fingerprints)
        fingerprints[stage.name] = plan.fingerprint
        plans.append(plan)
    return plans
