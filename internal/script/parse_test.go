package script

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/protos"
)

func TestParseCommand(t *testing.T) {
	c, err := parseCommand(`waiting "a b" account="x y" base=k:v,"" t=5s`)
	if err != nil {
		t.Fatal(err)
	}
	if c.name != "waiting" || !reflect.DeepEqual(c.words, []string{"a b"}) {
		t.Errorf("name %q, words %q", c.name, c.words)
	}
	base, err := c.list("base")
	if err != nil || !reflect.DeepEqual(base, []string{"k:v", ""}) {
		t.Errorf("base is %q, %v", base, err)
	}
	at, err := c.time("t", epoch)
	if err != nil || !at.Equal(epoch.Add(5*time.Second)) {
		t.Errorf("t is %v, %v", at, err)
	}
	if err := c.checkUsed(); !errors.Is(err, errScript) {
		t.Errorf("a word and an argument are left over, but the error is %v", err)
	}
	for _, line := range []string{`x "open`, "x a=1 a=2", `x "\q"`} {
		if _, err := parseCommand(line); !errors.Is(err, errScript) {
			t.Errorf("%s: the error is %v", line, err)
		}
	}
}

func TestParseAmountIsExact(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"0", 0}, {"1", 1_000_000}, {"-1.5", -1_500_000}, {"0.000001", 1}, {".5", 500_000},
		{"-0.000001", -1}, {"1152921504606.846976", 1 << 60},
		{"max", math.MaxInt64}, {"min", math.MinInt64},
	} {
		if got, err := parseAmount(c.text, microsPerSecond); err != nil || got != c.want {
			t.Errorf("%s is %d, %v instead of %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "x", "0.0000001", "1.2.3", "1e3", "99999999999999"} {
		if got, err := parseAmount(text, microsPerSecond); err == nil {
			t.Errorf("%q is %d instead of an error", text, got)
		}
	}
}

func TestTimesReadWhatTheyWrite(t *testing.T) {
	for _, text := range []string{
		"0s", "10s", "-5s", "1m0.000000001s", "never", "1800-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999999Z",
	} {
		at, err := parseTime(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := formatTime(at); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	if _, err := parseTime("soon"); err == nil {
		t.Error("soon is a time")
	}
}

func TestParseWorker(t *testing.T) {
	for _, c := range []struct {
		word string
		want workerWord
	}{
		{"w", workerWord{id: "w"}},
		{"w{a,b:c}", workerWord{id: "w", labels: []string{"a", "b:c"}}},
		{"", workerWord{}},
	} {
		if got, err := parseWorker(c.word); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q is %+v, %v instead of %+v", c.word, got, err, c.want)
		}
	}
	if _, err := parseWorker("w{a"); err == nil {
		t.Error("an open brace is no error")
	}
}

func TestFormatVector(t *testing.T) {
	for want, v := range map[string][]int64{ // the order is free: each is a case
		"[]":           nil,
		"[0]":          {0, 0, 0, 0, 0},
		"[0 1.5]":      {0, 1_500_000, 0, 0, 0},
		"[-1 0 0 0 2]": {-1_000_000, 0, 0, 0, 2_000_000},
	} {
		if got := formatVector(v); got != want {
			t.Errorf("%v is written %s instead of %s", v, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	fresh := func() *protos.Pool {
		return &protos.Pool{Scheduler: &protos.Scheduler{
			Labels:  []string{"a", "b"},
			Workers: []*protos.Worker{{Id: "w1"}, {Id: "w2", Run: &protos.Run{Priority: 3}}},
		}}
	}
	for _, c := range []struct{ edit, want string }{
		{"scheduler.workers[1].run.priority = 7", "scheduler.workers[1].run.priority: 7\n"},
		{`scheduler.labels = ["c"]`, "scheduler.labels: [c]\n"},
		{`scheduler.labels += "c"`, "scheduler.labels: [a b c]\n"},
		{`scheduler.labels[0] = "z"`, "scheduler.labels: [z b]\n"},
		{"scheduler.labels[0] =", "scheduler.labels: [b]\n"},
		{"scheduler.labels =", ""},
		{"scheduler =", ""},
	} {
		m := fresh()
		if err := applyEdit(m, c.edit); err != nil {
			t.Errorf("%s: %v", c.edit, err)
			continue
		}
		found := false
		for line := range strings.Lines(formatMessage(m)) {
			found = found || line == c.want
		}
		if c.want != "" && !found {
			t.Errorf("%s: %q is not in\n%s", c.edit, c.want, formatMessage(m))
		}
		if c.want == "" && formatMessage(m) == formatMessage(fresh()) {
			t.Errorf("%s: nothing changed", c.edit)
		}
	}
	for _, edit := range []string{
		"", "scheduler", "nothing = 1", "scheduler.nothing = 1", "scheduler.workers[9].id = \"x\"",
		"scheduler.workers[x].id = \"x\"", "scheduler.labels[5] = \"x\"", "scheduler.labels = {",
	} {
		if err := applyEdit(fresh(), edit); !errors.Is(err, errScript) {
			t.Errorf("%q: the error is %v", edit, err)
		}
	}
}
