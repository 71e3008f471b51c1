package house

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// mayImport has, for each folder, what of this module its packages may import: single packages, or
// all of a folder with "/..." at the end. ARCHITECTURE.md draws the same arrows.
var mayImport = map[string][]string{
	"protos": {},
	"scheduler": {"protos", "internal/check", "internal/touches", "internal/orderedlist",
		"internal/minheap", "internal/slotset", "internal/expiry"},
	"reconciler": {"protos", "scheduler", "internal/check", "internal/expiry"},
	"pool":       {"protos", "scheduler", "reconciler", "internal/check"},
	"lifecycle":  {"protos", "scheduler"},
	"explain":    {"protos", "internal/words"},
	"journal":    {"protos", "internal/check", "internal/words"},
	"replay":     {"protos", "scheduler", "pool", "journal", "internal/check", "internal/words"},
	"fork":       {"protos", "scheduler", "pool", "internal/minheap", "internal/check"},
	"forecast": {"protos", "scheduler", "lifecycle", "pool", "fork", "explain", "internal/words",
		"internal/check"},
	"history": {"protos", "scheduler", "lifecycle", "pool", "fork", "internal/words"},
	"plan":    {"protos", "scheduler", "lifecycle", "pool", "fork", "history", "internal/words"},
	"shadow":  {"protos", "scheduler", "lifecycle", "pool", "internal/words"},

	"protos/dispatch":                 {},
	"protos/replica":                  {},
	"protos/dispatch/dispatchconnect": {}, "protos/replica/replicaconnect": {},
	"dispatcher": {"dispatcher/api", "dispatcher/eventlog", "dispatcher/forecasts",
		"dispatcher/internal/failpoint", "dispatcher/internal/strangers", "dispatcher/journals",
		"dispatcher/state", "journal", "protos", "dispatcher/log", "dispatcher/log/peers",
		"dispatcher/log/raftlog", "dispatcher/metrics", "dispatcher/node", "protos/dispatch",
		"protos/replica", "protos/replica/replicaconnect"},
	"dispatcher/journals": {"dispatcher/internal/durable", "dispatcher/internal/wire",
		"dispatcher/state", "journal", "pool", "protos"},
	"dispatcher/forecasts": {"dispatcher/journals", "forecast", "fork", "pool", "protos", "scheduler"},
	"dispatcher/api": {"dispatcher/access", "dispatcher/eventlog", "dispatcher/forecasts",
		"dispatcher/journals", "protos", "dispatcher/node", "dispatcher/state", "protos/dispatch",
		"protos/dispatch/dispatchconnect", "protos/replica", "dispatcher/swarming"},
	"dispatcher/swarming": {"dispatcher/node", "dispatcher/state", "protos", "protos/dispatch",
		"protos/replica"},
	"dispatcher/metrics": {"dispatcher/node", "dispatcher/state", "protos", "protos/dispatch"},
	"dispatcher/node": {"dispatcher/internal/wire", "dispatcher/log", "dispatcher/state", "protos",
		"protos/dispatch", "protos/replica"},
	"dispatcher/log":    {},
	"dispatcher/access": {"internal/field", "internal/nearest", "internal/words", "internal/yamltree"},
	"dispatcher/certs":  {},
	"dispatcher/client": {"protos/dispatch", "protos/dispatch/dispatchconnect"},
	"dispatcher/demo": {"protos", "protos/dispatch", "protos/dispatch/dispatchconnect",
		"dispatcher/client", "internal/words", "worker"},
	"dispatcher/state": {"protos", "protos/dispatch", "protos/replica", "scheduler", "reconciler",
		"pool", "explain", "dispatcher/internal/wire", "internal/check", "internal/orderedlist"},
	"dispatcher/qsched": {"protos", "protos/dispatch", "scheduler", "simulator/experiment",
		"dispatcher", "dispatcher/access", "dispatcher/certs", "dispatcher/client",
		"dispatcher/demo", "dispatcher/internal/durable", "dispatcher/log/peers",
		"dispatcher/log/raftlog", "journal", "plan", "replay", "simulator/recorded",
		"simulator/tune", "simulator/tuning", "internal/field",
		"internal/cli", "internal/nearest", "internal/words", "internal/yamltree", "worker", "worker/shim"},

	// The log and what is near it.
	"dispatcher/chaos":       {},
	"dispatcher/eventlog":    {"protos/dispatch", "dispatcher/internal/durable"},
	"dispatcher/log/logtest": {"dispatcher/log"},
	"dispatcher/log/peers":   {"dispatcher/internal/strangers"},
	"dispatcher/log/raftlog": {"dispatcher/log", "dispatcher/log/peers", "dispatcher/internal/durable",
		"dispatcher/internal/failpoint"},
	"dispatcher/internal/failpoint": {},
	"dispatcher/internal/strangers": {},
	"dispatcher/internal/durable":   {},
	"dispatcher/internal/wire":      {"protos", "protos/dispatch", "protos/replica"},

	// The worker.
	"worker": {"protos/dispatch", "protos/dispatch/dispatchconnect", "worker/boottime",
		"worker/lease", "worker/record", "worker/shim"},
	"worker/lease":    {"protos/dispatch"},
	"worker/boottime": {},
	"worker/record":   {},
	"worker/shim":     {"protos/dispatch", "worker/boottime", "worker/lease", "worker/record"},

	"benchmarks": {"protos", "scheduler", "reconciler", "pool", "simulator/experiment",
		"examples/experiments", "internal/reference"},
	"benchmarks/table": {"scheduler", "benchmarks", "internal/reference"},
	"benchmarks/dispatcher": {"protos", "protos/dispatch", "protos/dispatch/dispatchconnect",
		"protos/replica", "dispatcher", "dispatcher/client", "dispatcher/log/raftlog",
		"dispatcher/node", "dispatcher/state", "internal/freeport"},
	"examples/dispatcher":  {"protos", "scheduler", "pool"},
	"examples/experiments": {},

	"simulator": {"protos", "scheduler", "pool", "journal", "replay", "internal/invariants",
		"internal/words", "internal/field", "internal/nearest"},
	"simulator/generate": {"scheduler", "simulator", "internal/field", "internal/words"},
	"simulator/trace": {"scheduler", "simulator", "internal/field",
		"simulator/internal/gunzip", "internal/nearest", "simulator/internal/swf", "internal/words"},
	"simulator/experiment": {"scheduler", "simulator", "simulator/generate", "simulator/trace",
		"simulator/tune", "internal/field", "internal/nearest", "internal/yamltree",
		"internal/words"},
	"simulator/recorded": {"protos", "scheduler", "pool", "replay", "history", "plan",
		"simulator/experiment", "internal/words"},
	"simulator/tune": {},
	"simulator/tuning": {"history", "plan", "replay", "simulator", "simulator/experiment",
		"simulator/recorded", "simulator/tune", "simulator/internal/report", "internal/cli"},
	"simulator/experiment/schemagen": {"simulator/experiment", "internal/yamltree"},
	"simulator/qsim": {"protos", "scheduler", "pool", "explain", "journal", "replay",
		"fork", "forecast", "plan", "shadow", "examples/experiments", "simulator",
		"simulator/generate", "simulator/trace", "simulator/experiment", "simulator/recorded",
		"simulator/tune", "simulator/tuning", "simulator/internal/...",
		"internal/words", "internal/field", "internal/yamltree", "internal/cli"},

	"simulator/internal/draft": {"scheduler", "simulator", "simulator/generate", "simulator/trace",
		"internal/words"},
	"simulator/internal/gunzip": {},
	"simulator/internal/swf":    {"simulator/internal/gunzip", "internal/words"},
	"simulator/internal/report": {"protos", "scheduler", "plan", "simulator", "simulator/experiment",
		"internal/yamltree", "simulator/trace", "simulator/tune", "internal/words"},

	"internal/check":       {},
	"internal/cli":         {"internal/nearest"},
	"internal/expiry":      {"internal/minheap"},
	"internal/freeport":    {},
	"internal/house":       {},
	"internal/invariants":  {"protos", "scheduler", "internal/reference"},
	"internal/minheap":     {"internal/touches"},
	"internal/orderedlist": {"internal/touches"},
	"internal/plain":       {"protos", "scheduler", "pool", "fork", "internal/reference"},
	"internal/promises":    {"protos", "scheduler"},
	"internal/recording":   {"protos", "scheduler", "pool", "simulator", "simulator/experiment"},
	"internal/reference":   {"protos", "scheduler"},
	"internal/scramble":    {},
	"internal/script": {"protos", "scheduler", "reconciler", "pool", "explain",
		"internal/reference"},
	"internal/slotset":  {"internal/touches"},
	"internal/touches":  {},
	"internal/words":    {},
	"internal/field":    {},
	"internal/nearest":  {},
	"internal/yamltree": {"internal/field", "internal/words"},
}

// onlyForTests are packages that no code but tests imports.
var onlyForTests = []string{"dispatcher/log/logtest", "internal/plain", "internal/promises", "internal/recording", "internal/scramble",
	"internal/script"}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		allowed, known := mayImport[s.dir]
		if !known {
			t.Errorf("%s: say in mayImport what package %s may import", s.path, s.dir)
			continue
		}
		for _, path := range s.imports() {
			switch {
			case slices.Contains(onlyForTests, path) && !slices.Contains(onlyForTests, s.dir):
				t.Errorf("%s imports %s, which is for tests", s.path, path)
			case !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, path) }):
				t.Errorf("%s imports %s, and may only import %v", s.path, path, allowed)
			}
		}
	}
}

// covers reports whether an entry of mayImport allows a package.
func covers(entry, path string) bool {
	folder, all := strings.CutSuffix(entry, "...")
	return entry == path || all && strings.HasPrefix(path, folder)
}

// TestNoRuleIsDead finds entries of mayImport without a package, or without an import.
func TestNoRuleIsDead(t *testing.T) {
	used := map[string][]string{} // by folder, what its packages import
	for _, s := range sources(t) {
		if !s.isTest() {
			used[s.dir] = append(used[s.dir], s.imports()...)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(mayImport)) {
		paths, exists := used[dir]
		if !exists {
			t.Errorf("mayImport has %s, and there is no such package", dir)
			continue
		}
		for _, entry := range mayImport[dir] {
			if !slices.ContainsFunc(paths, func(p string) bool { return covers(entry, p) }) {
				t.Errorf("mayImport allows %s to import %s, which it does not", dir, entry)
			}
		}
	}
}

// TestNoInternalPackageIsDead finds packages below an internal folder that no other package imports,
// not even in a test.
func TestNoInternalPackageIsDead(t *testing.T) {
	imported, internal := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if strings.Contains("/"+s.dir, "/internal/") {
			internal[s.dir] = true
		}
		for _, path := range s.imports() {
			imported[path] = imported[path] || path != s.dir
		}
	}
	for _, dir := range []string{"internal/house", "internal/promises"} { // these are all tests
		delete(internal, dir)
	}
	for _, dir := range slices.Sorted(maps.Keys(internal)) {
		if !imported[dir] {
			t.Errorf("no other package imports %s", dir)
		}
	}
}
