# The verbs people type. Meson and Ninja do the building; see CONTRIBUTING.md.
#
#   ROWS=, CLIENTS=, RATE=, SOURCE=, TARGET=      for make demo
#   DESTDIR=, PREFIX=           for make install
#   SECONDS_EACH=               for make fuzz
#   FAST=1                      for make test-mysql, test-mariadb-11.8
#   SUITES=                     for make test-suites
#   EXCEPT=                     a check that make lint leaves out

BUILD   = build
PREFIX  = /usr/local
PYTHON  = /usr/bin/python3
# A build on the way to something else says nothing unless it fails.
QUIETLY = $(MAKE) --no-print-directory -s all NINJA_ARGS=--quiet
NINJA_ARGS =
SERVERS = mysql-9.7 mariadb-11.8
# Under sanitizers and valgrind a test takes several times as long.
SLOWLY  = TEST_DEADLINE_S=900
export ROWS CLIENTS RATE SOURCE TARGET

all: $(BUILD)/build.ninja
	@ninja $(NINJA_ARGS) -C $(BUILD)

$(BUILD)/build.ninja:
	@meson setup $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@mv $(BUILD).log $(BUILD)/setup.log

help:
	@sed -n 's/^##//p' Makefile

##make demo      move a live table of a million rows, from nothing but Debian 12
demo:
	@tools/install-deps demo
	@$(QUIETLY)
	@demo/run

##make test      unit, golden, simulation and short system tests
test: servers
	@tools/install-deps test
	@$(QUIETLY)
	@$(PYTHON) tools/run_tests.py --build $(BUILD) --system

##make           build everything
##make deps      install what building, testing and checking need
deps:
	@tools/install-deps lint

##make servers   put the servers that system tests need and Debian 12 has not into ~/.cache/switchyard
servers:
	@tools/install-server $(SERVERS) >/dev/null

##make format    what clang-format says, written
format:
	@find src tests -path tests/tools -prune -o -name '*.[ch]' -print0 | xargs -0 clang-format-14 -i

##make lint      format, layers, sizes, waits, form, flavours, the pages of types and hazards, tables of states, clang's warnings, cppcheck
lint: deps
	@$(PYTHON) tools/lint.py $(if $(EXCEPT),--except $(EXCEPT))

##make test-mysql   the system tests that make sense there, with MySQL 9.7 at both ends; FAST=1 for some of them
test-mysql:
	@tools/install-server mysql-9.7 >/dev/null
	@tools/install-deps test
	@$(QUIETLY)
	@$(PYTHON) tools/run_tests.py --build $(BUILD) --kinds mysql-9.7 $(if $(FAST),--fast)

##make test-mariadb-11.8   the same with MariaDB 11.8, and with 10.11 at the target
test-mariadb-11.8:
	@tools/install-server mariadb-11.8 >/dev/null
	@tools/install-deps test
	@$(QUIETLY)
	@$(PYTHON) tools/run_tests.py --build $(BUILD) --kinds mariadb-11.8 $(if $(FAST),,--kinds mariadb-11.8,mariadb-10.11) $(if $(FAST),--fast)

##make test-suites   MariaDB's own test suites, through vtgate and directly; text and prepared
test-suites:
	@tools/install-deps suites
	@$(QUIETLY)
	@tests/suites/run $(SUITES)
	@tests/suites/run --ps-protocol $(SUITES)

##make test-clients  drivers of seven languages, through vtgate and directly
test-clients:
	@$(QUIETLY)
	@tests/clients/run

##make mutants   take each guarded rule out and see its test fail
mutants: deps
	@$(PYTHON) tools/mutants.py $(ONLY)

##make model     explore the models of the cutover
model: deps
	@model/run

##make bench     every comparison; the results go to bench/results
bench: deps
	@$(QUIETLY)
	@bench/run all

##make asan      unit and simulation tests under ASan and UBSan, clang
asan: deps
	@[ -d build-asan ] || CC=clang meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false
	@ninja -C build-asan
	@$(SLOWLY) $(PYTHON) tools/run_tests.py --build build-asan

##make tsan      the same under TSan
tsan: deps
	@[ -d build-tsan ] || CC=clang meson setup build-tsan -Db_sanitize=thread -Db_lundef=false
	@ninja -C build-tsan
	@$(SLOWLY) $(PYTHON) tools/run_tests.py --build build-tsan

##make fuzz      each fuzzer for SECONDS_EACH seconds (60)
fuzz: deps
	@tests/fuzz/run $(SECONDS_EACH)

##make soak      the long things: sanitizers, valgrind, fuzzers, mutants, all system tests with each kind of server
soak: asan tsan servers
	@$(QUIETLY)
	@$(SLOWLY) $(PYTHON) tools/run_tests.py --build $(BUILD) --valgrind
	@$(PYTHON) tools/run_tests.py --build $(BUILD) --system --long
	@$(MAKE) --no-print-directory test-mysql test-mariadb-11.8
	@$(PYTHON) tools/run_tests.py --build $(BUILD) --long --kinds mysql-9.7 --kinds mariadb-11.8
	@SIM_WORLDS=20000 TEST_DEADLINE_S=3600 $(BUILD)/tests/sim/sim_copy_stream
	@$(MAKE) --no-print-directory test-clients
	@$(MAKE) --no-print-directory test-suites
	@$(MAKE) --no-print-directory fuzz SECONDS_EACH=600
	@$(MAKE) --no-print-directory mutants

##make install   programs, manual pages and systemd's units into DESTDIR and PREFIX
install: all
	@meson configure $(BUILD) -Dprefix=$(PREFIX) >/dev/null
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --quiet >/dev/null

##make clean     remove what was built
clean:
	rm -rf build build-asan build-tsan build-fuzz build-clang build-mutants

.PHONY: all format help demo test test-mysql test-mariadb-11.8 test-clients test-suites deps servers lint mutants model bench asan tsan fuzz soak install clean
