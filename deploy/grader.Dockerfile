# Where submissions run if there is no bubblewrap: Python and the course's libraries, and nothing of the course, whose
# open parts are mounted when a container starts. In the course's folder:
#   docker build -f deploy/grader.Dockerfile -t mmcourse-grader .
# On Linux the package index's torch brings CUDA, several GB. For the CPU build, name the index that PyTorch's "Get
# started" page gives for it: --build-arg TORCH_INDEX=ADDRESS.
ARG PYTHON=3.12
FROM python:${PYTHON}-slim-bookworm AS libraries
ARG TORCH_INDEX=""
RUN python -m venv /srv/grader
COPY . /course
RUN PIP_EXTRA_INDEX_URL="${TORCH_INDEX}" /srv/grader/bin/pip install --no-cache-dir -c /course/constraints.txt /course \
    && /srv/grader/bin/pip uninstall --yes mmcourse

FROM python:${PYTHON}-slim-bookworm
COPY --from=libraries /srv/grader /srv/grader
ENV PATH=/srv/grader/bin:$PATH
RUN mkdir --mode=1777 /sandbox && mkdir /course
USER 65534
WORKDIR /sandbox
