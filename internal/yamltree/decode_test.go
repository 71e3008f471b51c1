package yamltree_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
)

// everything has a field of each kind.
type everything struct {
	Name      string `yaml:"name,required"`
	On        bool
	Count     int8
	Seed      uint64
	Part      float64
	Wait      time.Duration
	Start     time.Time
	Pair      [2]int
	Labels    []string
	Sizes     map[int]float64
	Teams     map[string]*team
	Any       any
	Other     *team
	Level     level
	Inner     `yaml:",inline"`
	hidden    int
	MaxFanout int
	Left      int `yaml:"-"`
}

type Inner struct{ Deep string }

// team has defaults.
type team struct{ Rate, Cap int }

func (t *team) SetDefaults() { t.Cap = 7 }

// level reads itself from a text.
type level int

func (l *level) UnmarshalText(text []byte) error {
	if _, err := fmt.Sscanf(string(text), "p%d", l); err != nil {
		return errors.New("is not a level such as p1")
	}
	return nil
}

func TestDecode(t *testing.T) {
	got := everything{Count: 3, MaxFanout: 5}
	err := yamltree.Decode(parse(t, `
name: n
on: true
count:
seed: 18446744073709551615
part: 2
wait: 1d
start: 2026-01-05 08:00
pair: [1, 2]
labels: [a, "1"]
sizes: {1: 0.5, 8: 2}
teams: {x: {rate: 2}, y: {cap: 1}, z: {}}
any: {a: [1, b]}
other: {rate: 1}
level: p3
deep: d
`), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := everything{Name: "n", On: true, Count: 3, Seed: 1<<64 - 1, Part: 2,
		Wait: 24 * time.Hour, Start: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC),
		Pair: [2]int{1, 2}, Labels: []string{"a", "1"}, Sizes: map[int]float64{1: 0.5, 8: 2},
		Teams: map[string]*team{"x": {2, 7}, "y": {0, 1}, "z": {0, 7}},
		Any:   map[string]any{"a": []any{uint64(1), "b"}}, Other: &team{1, 7}, Level: 3,
		Inner: Inner{"d"}, hidden: 0, MaxFanout: 5}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(everything{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeFindsAllMistakes(t *testing.T) {
	var got everything
	err := yamltree.Decode(parse(t, `on: 1
count: 128
seed: -1
part: .inf
wait: [1s]
start: monday
pair: [1]
labels: {a: b}
sizes: {x: 1}
teams: {x: {rates: 2}, y: 3}
level: {p: 1}
hidden: 1
left: 2
"`+strings.Repeat("very", 30)+`": 1
`), &got)
	var mistakes yamltree.Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range mistakes {
		lines = append(lines, strings.Split(m.Line(), "; there are")[0])
	}
	want := []string{
		"a.yaml:1:1: name: is missing",
		"a.yaml:1:5: on: is a number, want true or false",
		"a.yaml:2:8: count: 128 is out of range",
		"a.yaml:3:7: seed: -1 is negative",
		"a.yaml:4:7: part: .inf is not a finite number",
		"a.yaml:5:7: wait: is a list, want a text",
		`a.yaml:6:8: start: "monday" is not a time such as 2026-01-05 or 2026-01-05T08:00:00Z`,
		"a.yaml:7:7: pair: has 1 elements, want 2",
		"a.yaml:8:10: labels: is a mapping, want a list",
		`a.yaml:9:9: sizes.x: the name "x" is not a whole number`,
		`a.yaml:10:13: teams.x: unknown field "rates"; was "rate" meant?`,
		"a.yaml:10:27: teams.y: is a number, want a mapping",
		"a.yaml:11:9: level: is a mapping, want a text",
		`a.yaml:12:1: unknown field "hidden"`,
		`a.yaml:13:1: unknown field "left"`,
		`a.yaml:14:1: unknown field "` + strings.Repeat("very", 30) + `"`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// Errors of package field are found in the text, as near as can be.
func TestLocate(t *testing.T) {
	n := parse(t, "a:\n  b: [1, 2]\n  c: {d: 7}")
	err := errors.Join(
		field.In("a", field.In("b", field.Errorf(field.Index(1), "two"))),
		field.In("a", field.In("c", field.Errorf("d", "seven"))),
		field.In("a", field.In("c", field.Errorf("missing", "there"))),
		errors.New("in all"),
	)
	const want = `a.yaml:2:10: a.b[1]: two
      b: [1, 2]
             ^
a.yaml:3:10: a.c.d: seven
      c: {d: 7}
             ^
a.yaml:3:3: a.c.missing: there
      c: {d: 7}
      ^
a.yaml: in all`
	if diff := cmp.Diff(want, yamltree.Locate(n, err).Error()); diff != "" {
		t.Error(diff)
	}
}
