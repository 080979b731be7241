# lambda-emu in a container, starting functions through the engine's socket. Nothing is fetched while it is built:
#
#     make wheels
#     docker build --build-arg BASE=python:3.11-slim --tag lambda-emu .
#     docker run --network host -v /var/run/docker.sock:/var/run/docker.sock -v /srv/lambda-emu:/srv/lambda-emu \
#         -v "$PWD:/project" lambda-emu serve --data-dir /srv/lambda-emu
#
# The data directory has the same path inside and outside: it is the engine that mounts code from it. `--ephemeral`
# keeps it in TMPDIR, which then has to be such a path. S3, SNS, DynamoDB and others are in it (75 MB of the image).
# BASE: any Linux with the version of Python that the wheels were made with.
ARG BASE=python:3.11-slim

FROM ${BASE} AS installed
COPY dist/wheels /wheels
RUN PYTHONPATH="$(echo /wheels/pip-*.whl)" python3 -m pip install \
    --quiet --no-index --no-cache-dir --root-user-action=ignore \
    --find-links=/wheels --target=/opt/lambda-emu 'lambda-emu[sam]'

FROM ${BASE}
COPY --from=installed /opt/lambda-emu /opt/lambda-emu
ENV PYTHONPATH=/opt/lambda-emu
WORKDIR /project
ENTRYPOINT ["python3", "-m", "lambda_emu"]
CMD ["serve"]
