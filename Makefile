# The course's commands. Each makes the environment .venv when it is missing or older than its list of packages.
PYTHON ?= python3
SEEDS ?= 0,1,2,3,4
ifeq ($(OS),Windows_NT)
    BIN := .venv/Scripts
else
    BIN := .venv/bin
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

PYTEST := $(BIN)/python -m pytest

UV := $(subst .venv,.matrix/uv,$(BIN))/python

.PHONY: lab app classroom board grade site usb hub translate test quick coverage test-seeds test-browser matrix bench data notebooks lint clean

.venv/course: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; (3, 10) <= sys.version_info < (3, 14) or sys.exit('The course needs Python 3.10 to 3.13; this is ' + sys.version.split()[0] + '. Name another one, for example: make lab PYTHON=python3.12')"
	@echo "Installing the course into .venv: this takes some minutes, once."
	$(PYTHON) -m venv .venv
	$(INSTALL) -e .
	touch $@

.venv/course-test: .venv/course
	$(INSTALL) -e ".[app,site,hub,usb,test,bench,cluster]"
	touch $@

lab: .venv/course                ## open the course in JupyterLab
	$(BIN)/jupyter labextension disable "@jupyterlab/apputils-extension:announcements"
	$(BIN)/jupyter lab --ServerApp.root_dir=. notebooks/00_start_here.ipynb

.venv/course-app: .venv/course
	$(INSTALL) -e ".[app]"
	touch $@

.venv/course-site: .venv/course
	$(INSTALL) -e ".[site]"
	touch $@

site: .venv/course-site          ## the whole course as static pages in build/site, which need no network (npm and Python 3.11 make them)
	$(BIN)/python -m classroom.site.build

.venv/course-usb: .venv/course
	$(INSTALL) -e ".[usb]"
	touch $@

usb: .venv/course-usb            ## build/usb, a folder that installs the course without network: make usb SYSTEMS="windows macos linux" PYTHONS="3.12"
	$(BIN)/python -m classroom.usb $(if $(SYSTEMS),--systems $(SYSTEMS)) $(if $(PYTHONS),--pythons $(PYTHONS))

.venv/course-hub: .venv/course
	$(INSTALL) -e ".[hub]"
	npm install --silent --no-fund --no-audit --prefix .venv/hub configurable-http-proxy@5.3.0
	touch $@

hub: .venv/course-hub            ## JupyterHub on this machine, a login a learner (Linux, Node.js 20 and npm): make hub LEARNERS=learners.txt
	$(BIN)/jupyter labextension disable "@jupyterlab/apputils-extension:announcements"
	$(BIN)/python -m classroom.hub $(LEARNERS)

classroom: .venv/course          ## guide, student's and teacher's edition, slides, in build/classroom (npm fetches reveal.js once): make classroom SOLUTIONS=out
	$(BIN)/python -m classroom.guide
	$(BIN)/python -m classroom.exam
	SOLUTIONS=$(or $(SOLUTIONS),in) $(BIN)/python -m classroom.editions

board: .venv/course              ## one HTML page on a class, from what learners handed in: make board FOLDER=submissions (with --example in MORE, of a made-up class)
	$(BIN)/python -m classroom.board "$(or $(FOLDER),$(error Name the folder of the submissions: make board FOLDER=submissions))" $(MORE)

grade: .venv/course              ## verdicts on the exercises of all learners, a folder each; no notebook is run: make grade FOLDER=submissions
	$(BIN)/python -m classroom.grade "$(or $(FOLDER),$(error Name the folder of the submissions: make grade FOLDER=submissions))" $(MORE)

app: .venv/course-app            ## the trainings and pictures without the code, for a projector: a chapter is chosen in a menu
	$(BIN)/voila --theme=light app/dashboard.ipynb

test: .venv/course-test          ## every check: style, module, notebooks, exercises, a real browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST) -n auto -m "not seeds"

quick: .venv/course-test         ## style and unit tests, for every save: no notebook, no browser, nothing slow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST) -n auto -q -m "not seeds and not slow" --ignore=tests/browser tests

coverage: .venv/course-test      ## which lines of the module no test and no notebook runs (half an hour)
	$(PYTEST) -n auto --cov=course_utils -m "not seeds" --ignore=tests/browser

test-seeds: .venv/course-test    ## the claims of every notebook, for other seeds: make test-seeds SEEDS=0,1,2
	COURSE_SEEDS=$(SEEDS) $(PYTEST) -n auto --dist=load -m seeds tests/house tests/data tests/exercise_book

test-browser: .venv/course-test  ## every notebook in a real browser from its first cell to its last (half an hour)
	COURSE_BROWSER=all $(PYTEST) tests/browser

.matrix/uv/ready:
	$(PYTHON) -m venv .matrix/uv
	$(UV) -m pip install --quiet --disable-pip-version-check uv
	touch $@

translate: .venv/course-test     ## the course in Chinese in build/zh_CN: catalogues brought up to date (what is missing or old is told), notebooks 00 and 01 run; another language: make translate TO=…
	$(BIN)/python -m classroom.translate $(or $(TO),zh_CN)
	$(BIN)/python tests/run_notebooks.py $(addprefix $(CURDIR)/build/$(or $(TO),zh_CN)/notebooks/,00_start_here.ipynb 01_q_learning.ipynb)

matrix: .matrix/uv/ready         ## every notebook with the lowest and the newest versions, on every Python (hours; goes on where it was cut off): make matrix PYTHONS=3.10 VERSIONS=lowest NOTEBOOKS="00 12"; writes docs/matrix.md
	$(UV) tests/matrix.py

bench: .venv/course-test .venv/course-hub ## CPU seconds of notebooks, speed and memory of the module beside others (an hour, on a quiet machine); writes docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks.notebooks
	$(BIN)/python -m tests.benchmarks.q_learning
	$(BIN)/python -m tests.benchmarks.dqn
	$(BIN)/python -m tests.benchmarks.laboratory
	$(BIN)/python -m tests.benchmarks.hands
	$(BIN)/python -m tests.benchmarks.grading
	$(BIN)/python -m tests.benchmarks.hub

data: .venv/course-test          ## make again what ships with the course (two hours or more); CLUSTER=tcp://… lets a Dask cluster do it
	$(BIN)/python data/build.py

notebooks: .venv/course-test     ## run all notebooks and store their outputs
	$(BIN)/python tests/run_notebooks.py

lint: .venv/course-test          ## mend the style of code and notebooks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:                           ## remove the environment
	rm -rf .venv
