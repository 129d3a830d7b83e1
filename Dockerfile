# The course with JupyterLab, for x86-64 and ARM: docs/install.md says how to start it.
FROM python:3.12-slim
RUN useradd --create-home learner && mkdir /course && chown learner /course
WORKDIR /course
COPY --chown=learner . .
ARG PIP_NO_CACHE_DIR=1
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
# On ARM there is no Box2D to download, so it is built, and the compiler taken away again.
RUN if [ "$(uname -m)" = x86_64 ]; then pip install -c constraints.txt -e .; else \
    apt-get update && apt-get install -y --no-install-recommends g++ swig \
    && pip install -c constraints.txt -e ".[lander]" \
    && apt-get purge -y --auto-remove g++ swig && rm -rf /var/lib/apt/lists/*; fi
USER learner
RUN mkdir runs
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "--notebook-dir=.", "notebooks/00_start_here.ipynb"]
