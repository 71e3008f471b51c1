package trace

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/simulator"
)

// realLog is a source in the folder that QSIM_TRACES names, where malformed rows are errors.
func realLog(t *testing.T, name, preset string) *Source {
	t.Helper()
	if underRace {
		t.Skip("one goroutine reads a log: there is nothing to race")
	}
	dir := os.Getenv("QSIM_TRACES")
	if dir == "" {
		t.Skip("QSIM_TRACES is not set: no real logs to read")
	}
	return &Source{File: filepath.Join(dir, name), Preset: preset, Strict: true}
}

// readAll loads a log, and lets a function see each record on the way.
func readAll(t *testing.T, s *Source, observe func(l *loader, r *record)) *Loaded {
	t.Helper()
	l, err := newLoader(s)
	if err != nil {
		t.Fatal(err)
	}
	l.observe = func(r *record) { observe(l, r) }
	if err := l.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.in.close(); err != nil {
		t.Fatal(err)
	}
	loaded, err := l.finish()
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// value returns the text of a field of the record read last.
func (l *loader) value(name string) string {
	return l.in.field(slices.Index(l.in.fields(), name))
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// whole rounds to a whole number.
func whole(x float64) int { return int(math.Round(x)) }

// The logs of the Parallel Workloads Archive, against what is known of them. Waits are of all
// jobs, whether they ran or not; quantiles are values of the log, and those that interpolate between
// two of them are up to 2 s larger.
func TestRealSWFLogs(t *testing.T) {
	for _, c := range []struct {
		file, preset                 string
		rows, days, accounts         int
		waitMean, waitP50, waitP90   int // seconds
		utilisation                  int // tenths of a percent; 0 if the log does not say the size
		submissions, requests, first int
	}{
		{"KTH-SP2-1996-2.1-cln.swf.gz", "kth-sp2", 28_476, 333, 252, 15_296, 300, 36_300, 701,
			28_467, 218_025, 599_850},
		{"SDSC-SP2-1998-4.2-cln.swf.gz", "sdsc-sp2", 59_715, 729, 158, 26_474, 121, 55_226, 834,
			54_034, 664_032, 566_129},
		{"SDSC-DS-2004-2.1-cln.swf.gz", "sdsc-ds", 96_069, 366, 145, 26_879, 370, 63_909, 0,
			84_893, 603_465, 2_137_605},
		{"METACENTRUM-2009-2.swf.gz", "metacentrum-2009", 103_656, 172, 147, 29_103, 2_173,
			78_890, 0, 99_944, 155_392, 0},
		{"LPC-EGEE-2004-1.2-cln.swf.gz", "lpc-egee", 234_889, 239, 9, 11_551, 4, 749, 244,
			214_322, 214_322, 3_585_977},
	} {
		source := realLog(t, c.file, c.preset)
		var waits []time.Duration
		var first, last time.Duration
		accounts := map[string]bool{}
		field := "group"
		if c.preset == "metacentrum-2009" {
			field = "user"
		}
		loaded := readAll(t, source, func(l *loader, r *record) {
			if r.wait >= 0 {
				waits = append(waits, r.wait)
			}
			if len(accounts) == 0 {
				first = r.submit
			}
			first, last = min(first, r.submit), max(last, r.submit)
			accounts[l.value(field)] = true
		})
		d := simulator.DistributionOf(waits)
		equal(t, c.preset, []int{loaded.Records, whole((last - first).Hours() / 24), len(accounts),
			whole(d.MeanSeconds), whole(d.P50Seconds), whole(d.P90Seconds),
			len(loaded.Workload.Submissions), loaded.Workload.Requests(), whole(first.Seconds())},
			[]int{c.rows, c.days, c.accounts, c.waitMean, c.waitP50, c.waitP90, c.submissions,
				c.requests, c.first})
		info, err := Inspect(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		utilisation := 0
		if info.RealUtilisation != nil {
			utilisation = whole(1000 * *info.RealUtilisation)
		}
		equal(t, c.preset+" utilisation", utilisation, c.utilisation)
	}
}

// SDSC-DS, where a worker is a node of 8 or of 32 processors: its partitions were used by 70.9 %
// and 65.5 %.
func TestRealPartitions(t *testing.T) {
	info, err := Inspect(t.Context(), realLog(t, "SDSC-DS-2004-2.1-cln.swf.gz", "sdsc-ds"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		label string
		nodes int
		want  float64
	}{{"partition:2", 171, 0.709}, {"partition:3", 7, 0.655}} {
		for _, g := range info.Groups {
			for _, row := range g.Rows {
				if g.By != "labels" || row.Value != c.label {
					continue
				}
				got := row.WorkerSeconds / info.SpanSeconds / float64(c.nodes)
				if math.Abs(got-c.want) > 0.005 {
					t.Errorf("%s: %.3f of %d nodes were used, want %.3f", c.label, got, c.nodes,
						c.want)
				}
			}
		}
	}
}

func TestRealPods(t *testing.T) {
	source := realLog(t, "openb_pod_list_gpuspec33.csv.gz", "openb-pods")
	source.File = filepath.Join(filepath.Dir(source.File), "openb_pod_list_default.csv.gz")
	var waits []time.Duration
	var last time.Duration
	qos := map[string]int{}
	loaded := readAll(t, source, func(l *loader, r *record) {
		qos[l.value("qos")]++
		last = max(last, r.submit)
		if r.wait >= 0 {
			waits = append(waits, r.wait)
		}
	})
	d := simulator.DistributionOf(waits)
	equal(t, "rows, days, waits", []int{loaded.Records, whole(last.Hours() / 24), d.Count,
		whole(d.MeanSeconds), whole(d.P50Seconds), whole(d.P90Seconds)},
		[]int{8152, 149, 8152 - 897, 61, 2, 106})
	equal(t, "quality of service", qos, map[string]int{"LS": 4647, "BE": 3398, "Burstable": 100,
		"Guaranteed": 7})
	equal(t, "left out", loaded.NeverRan, 897+1052)
}

// The list of nodes has a worker for each GPU, and each pod that asks for models finds some.
func TestRealNodes(t *testing.T) {
	source := realLog(t, "openb_pod_list_gpuspec33.csv.gz", "openb-pods")
	loaded := readAll(t, source, func(*loader, *record) {})
	fleet, err := LoadFleet(t.Context(), &FleetSource{Preset: "openb-nodes",
		File: filepath.Join(filepath.Dir(source.File), "openb_node_list_all_node.csv.gz")})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "GPUs", len(fleet), 6212)
	fleet = AddAlternatives(fleet, loaded.Workload)
	have := map[string]int{}
	for _, w := range fleet {
		for _, l := range w.Labels {
			have[l]++
		}
	}
	equal(t, "T4, A10, and one of them", []int{have["gpu:T4"], have["gpu:A10"],
		have["gpu:A10|T4"]}, []int{842, 2, 844})
	for _, s := range loaded.Workload.Submissions {
		for _, l := range s.BaseLabels {
			if have[l] < s.Size {
				t.Fatalf("%s needs %d workers with %s, and there are %d", s.ID, s.Size, l, have[l])
			}
		}
	}
}

// outcome is what happened to the attempts of a priority.
type outcome struct {
	Evicted, Scheduled, WaitMeanSeconds int
}

// The attempts of Google's tasks have the outcomes that are known of them, and tasks are made of
// them in seconds.
func TestRealTasks(t *testing.T) {
	source := realLog(t, "google2011_tasks_19h.csv.gz", "google-2011-tasks")
	got := map[string]outcome{}
	waits := map[string]time.Duration{}
	known := map[string]int{}
	users := map[string]bool{}
	end := time.Duration(0)
	loaded := readAll(t, source, func(l *loader, r *record) {
		priority := l.value("priority")
		o := got[priority]
		o.Evicted += r.evictions
		if r.start >= 0 {
			o.Scheduled++
		}
		if r.wait >= 0 {
			waits[priority] += r.wait
			known[priority]++
			o.WaitMeanSeconds = whole((waits[priority] / time.Duration(known[priority])).Seconds())
		}
		got[priority] = o
		users[l.value("user")] = true
		if r.fate == ran {
			end = max(end, r.start+r.run)
		}
	})
	want := map[string]outcome{"0": {199_241, 406_008, 377}, "1": {16_700, 79_381, 269},
		"2": {3385, 299_700, 79}, "4": {75, 30_432, 135}, "8": {34, 8606, 3},
		"9": {395, 57_858, 9}, "11": {0, 6572, 24}}
	for priority, o := range want {
		equal(t, "priority "+priority, got[priority], o)
	}
	equal(t, "attempts, users", []int{loaded.Records, len(users)}, []int{936_182, 567})
	equal(t, "end of the log", end, 70_756_165*time.Millisecond)
	w := loaded.Workload
	equal(t, "tasks", len(w.Submissions)+loaded.NeverRan, 614_019)
	evictions := 0
	for i := range w.Submissions {
		evictions += w.Submissions[i].RealPreemptions
	}
	equal(t, "evictions known", w.RealPreemptionsKnown, true)
	// All but the seven of tasks that never ran, as far as the log says.
	equal(t, "evictions", evictions, 219_832)
}
