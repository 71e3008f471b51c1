package yamltree_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/internal/yamltree"
)

// parse reads a text that is right.
func parse(t *testing.T, text string) *yamltree.Node {
	t.Helper()
	n, err := yamltree.Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: 1", `{"a":1}`},
		{"a: -1.5\nb: [x, 'y', \"z\", 1e3]", `{"a":-1.5,"b":["x","y","z",1000]}`},
		{"a: true\nb: null\nc:\nd: ~\ne: yes", `{"a":true,"b":null,"c":null,"d":null,"e":"yes"}`},
		{"a: |\n  one\n  two\n", `{"a":"one\ntwo\n"}`},
		{"a: 2026-01-05", `{"a":"2026-01-05"}`},
		{"1: x\n2.5: y\ntrue: z", `{"1":"x","2.5":"y","true":"z"}`},
		{"{a: [pool:a, size:3, x:true, {b: c}]}", `{"a":["pool:a","size:3","x:true",{"b":"c"}]}`},
		{"a: [pool:a]\nb:\n- pool:a\n- c: d", `{"a":["pool:a"],"b":["pool:a",{"c":"d"}]}`},
		{"{a: [b: c, \"d\":e]}", `{"a":[{"b":"c"},{"d":"e"}]}`},
		{"a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}", `{"a":{"p":1,"q":2},"b":{"p":1,"q":2},` +
			`"c":{"p":1,"q":3}}`},
		{"a: [&x {p: 1, q: 2}, &y {p: 3, r: 4}]\nb: {<<: [*x, *y]}",
			`{"a":[{"p":1,"q":2},{"p":3,"r":4}],"b":{"p":1,"q":2,"r":4}}`},
		{"\ufeffa: 1\r\nb: 2\r\n", `{"a":1,"b":2}`},
		{"# only\n---\na: 1\n...\n", `{"a":1}`},
		{"18446744073709551615", `18446744073709551615`},
	} {
		got, err := json.Marshal(parse(t, c.text).Any())
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("%q is %s, want %s", c.text, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	aliases := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for _, name := range []string{"1", "2", "3", "4", "5", "6"} {
		previous := string(name[0] - 1)
		aliases += "a" + name + ": &a" + name + " [" + strings.Repeat("*a"+previous+", ", 10) + "]\n"
	}
	for _, c := range []struct{ text, want string }{
		{strings.Repeat("a", 1<<18+1), "a.yaml: has 262,145 bytes, more than 262,144"},
		{"{" + strings.Repeat("a: b, ", 10001), "a.yaml:1:60003: has more than 10,000 fields"},
		{"a: \xff", "a.yaml: is not UTF-8 text"},
		{strings.Repeat("[", 200), "a.yaml:1:101: is nested more than 100 levels deep"},
		{strings.Repeat("- ", 200), "a.yaml:1:201: is nested more than 100 levels deep"},
		{aliases, "a.yaml:1:1: has more than 250,000 values once its aliases are expanded"},
		{"a: b\n c: d", "a.yaml:1:4: mapping value is not allowed in this context"},
		{"? [a]\n: b", "a.yaml:1:1: the name of a field is a text, without a question mark before it"},
		{"a: 1\n--- \nb: 2", "a.yaml:3:1: has more than one document"},
		{strings.Repeat("--- a\n", 2), "a.yaml:2:1: has more than one document"},
		{"a: &a {" + fields(100) + "}\nb: {<<: [" + strings.Repeat("*a, ", 2501) + "]}",
			"a.yaml:2:4: merges more than 250,000 fields with <<"},
		{"a: &a " + strings.Repeat("x", 200_000) + "\nb: [" + strings.Repeat("*a, ", 100) + "]",
			"a.yaml:1:1: has more than 250,000 values once its aliases are expanded"},
		{"<<: [1]", "a.yaml:1:5: << takes a mapping or a list of mappings, not a number"},
		{"&a [*a]", "a.yaml:1:5: there is no anchor of this name before it"},
	} {
		_, err := yamltree.Parse("a.yaml", []byte(c.text))
		if err == nil {
			t.Errorf("%.40q is taken", c.text)
			continue
		}
		if got, _, _ := strings.Cut(err.Error(), "\n"); got != c.want {
			t.Errorf("%.40q: %s\nwant %s", c.text, got, c.want)
		}
	}
}

// fields returns the fields of a flow mapping.
func fields(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("f%d: 1", i))
	}
	return strings.Join(names, ", ")
}

// What 256 KB of text can make the reader allocate is bounded, whatever is repeated in them.
func TestNoTextTakesMemoryOutOfProportion(t *testing.T) {
	const mostBytes = 600 << 20 // in all, most of it garbage; 16 GB without the limits
	merges := "a: &a {" + fields(2000) + "}\n"
	for name, text := range map[string]string{
		"documents": strings.Repeat("--- a\n", 40_000),
		"? fields":  strings.Repeat("? a\n", 60_000),
		"aliases":   "- &a x\n" + strings.Repeat("- *a\n", 50_000),
		"one merge": merges + "b: {<<: [" + strings.Repeat("*a,", 70_000) + "]}",
		"merges":    merges + "b:\n" + strings.Repeat("- {<<: *a}\n", 7_900),
		"names": "a: &a {" + strings.Repeat("x", 100_000) + ": 1}\nb: [" +
			strings.Repeat("*a,", 50_000) + "]",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := yamltree.Parse("a.yaml", []byte(text))
		if err == nil {
			var into []struct{ Known int }
			_ = yamltree.Decode(n, &into) // each element is a mistake
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > mostBytes {
			t.Errorf("%s: %d bytes of text took %d bytes of memory", name, len(text), took)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour,
		"1w1d2h": 194 * time.Hour, "-1.5d": -36 * time.Hour, "0": 0, "0s": 0, "0d": 0,
	} {
		if got, err := yamltree.Duration(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", "3", "d", "1d2", "1d1w", "--1s", "1d-2h", "1.2.3d",
		"99999999w", "NaNd", "0x1d", "2562047h", "1 d"} {
		if got, err := yamltree.Duration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestSetAndMerge(t *testing.T) {
	root := parse(t, "list: [{name: a, x: {p: 1}}, {name: b.c}]\nm: {k: 1}")
	for _, c := range []struct{ path, want string }{
		{"m.k", `{"list":[{"name":"a","x":{"p":1}},{"name":"b.c"}],"m":{"k":9}}`},
		{"m.new.deep", `{"list":[{"name":"a","x":{"p":1}},{"name":"b.c"}],` +
			`"m":{"k":1,"new":{"deep":9}}}`},
		{"list.a.x.p", `{"list":[{"name":"a","x":{"p":9}},{"name":"b.c"}],"m":{"k":1}}`},
		{`list."b.c".y`, `{"list":[{"name":"a","x":{"p":1}},{"name":"b.c","y":9}],"m":{"k":1}}`},
		{"list[1].name", `{"list":[{"name":"a","x":{"p":1}},{"name":9}],"m":{"k":1}}`},
		{"list.0.name", `{"list":[{"name":9,"x":{"p":1}},{"name":"b.c"}],"m":{"k":1}}`},
		{"list.c", "list has no element c; there are a, b.c"},
		{"m.k.x", "m.k is a number, and has no field x"},
		{"m..k", `path "m..k": a name is empty`},
		{"list[a]", `path "list[a]": [a] is not the number of an element`},
		{"list[0", `path "list[0": a bracket is not closed`},
		{"list[0]x", `path "list[0]x": a point is missing before "x"`},
		{"", `path "": a name is empty`},
	} {
		got := ""
		path, err := yamltree.ParsePath(c.path)
		if err == nil {
			var n *yamltree.Node
			if n, err = yamltree.Set(root, path, parse(t, "9")); err == nil {
				got = n.String()
			}
		}
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.path, diff)
		}
	}
	merged := yamltree.Merge(parse(t, "a: {x: 1, y: 2}\nb: [1, 2]\nc: 3"),
		parse(t, "a: {y: 3, z: 4}\nb: [5]\nc: null\nd: 6"))
	if got, want := merged.String(), `{"a":{"x":1,"y":3,"z":4},"b":[5],"d":6}`; got != want {
		t.Errorf("merged to %s, want %s", got, want)
	}
	if before := `{"list":[{"name":"a","x":{"p":1}},{"name":"b.c"}],"m":{"k":1}}`; root.String() !=
		before {
		t.Errorf("the tree was changed to %s", root)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a: &x [1, 2.5, ~, {b: *x}]\nc: |\n  text\n"))
	f.Add([]byte("{a: [b:c, \"d\":e]}\n<<: {x: !!str y}"))
	f.Add([]byte("? [a]\n: - b\n  - ? c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := yamltree.Parse("a.yaml", data)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			return
		}
		var into any
		if err := yamltree.Decode(n, &into); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	})
}
