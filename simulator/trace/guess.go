package trace

import (
	"slices"
	"strings"
	"time"
)

// guess finds out what the columns of a table are, by their names and by the values in them.
type guess struct {
	names  []string
	plain  []string // the names as plainName has them
	zone   *time.Location
	values [][]string // of each column, those of the sampled rows that are not blank
	used   map[int]bool
}

func newGuess(names []string, t *Table) *guess {
	zone, err := zoneOf(t.Zone)
	if err != nil {
		zone = time.UTC
	}
	g := &guess{names: names, zone: zone, values: make([][]string, len(names)),
		used: map[int]bool{}}
	for _, name := range names {
		g.plain = append(g.plain, plainName(name))
	}
	return g
}

// see takes a row.
func (g *guess) see(r *rows) {
	for i := range g.names {
		if text := r.field(i); text != "" && len(text) <= maxTextBytes {
			g.values[i] = append(g.values[i], strings.Clone(text))
		}
	}
}

// examples returns the columns with their first values.
func (g *guess) examples() []Column {
	const most = 3
	var columns []Column
	for i, name := range g.names {
		c := Column{Name: name}
		for _, value := range g.values[i] {
			if len(c.Examples) < most && !slices.Contains(c.Examples, value) {
				c.Examples = append(c.Examples, value)
			}
		}
		columns = append(columns, c)
	}
	return columns
}

// The names that columns of a kind have in many logs, the surest first: without case, separators
// and units.
var (
	submitNames = strings.Fields("submit submitted submittime submittedat submission created " +
		"createdat createtime creationtime queued queuedat enqueued enqueuedat arrival arrived " +
		"arrivaltime requested timestamp time date ts t")
	startNames = strings.Fields("start started startedat starttime begin began begintime scheduled " +
		"scheduledat scheduledtime launched dispatched")
	endNames = strings.Fields("end ended endedat endtime finish finished finishedat finishtime " +
		"completed completedat completiontime stop stopped deletiontime done")
	runNames = strings.Fields("run runtime duration elapsed running walltime length seconds secs " +
		"runs executiontime execution")
	waitNames = strings.Fields("wait waited waittime waiting queuetime queueing pending")
	sizeNames = strings.Fields("workers gpus gpu numgpu numgpus ngpus gpucount slots nodes " +
		"numnodes size width processors cpus cores")
	idNames      = strings.Fields("id jobid taskid job task uid uuid requestid name jobname")
	accountNames = strings.Fields("account team group project tenant org organisation organization " +
		"department costcenter namespace user username owner submitter queue")
	labelNames = strings.Fields("pool partition cluster gputype gpumodel accelerator model " +
		"machinetype nodetype instancetype workertype flavor flavour platform os device devicetype")
	importanceNames = strings.Fields("priority qos importance priorityclass class tier")
)

// plainName takes case, separators and a unit off a column's name: "Run_Time (s)" is runtime.
func plainName(name string) string {
	name = strings.ToLower(name)
	for _, unit := range []string{"_ms", "_s", "_sec", "_secs", "_seconds", " (s)", " (ms)",
		" seconds", "_utc"} {
		name = strings.TrimSuffix(name, unit)
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.()", r) {
			return -1
		}
		return r
	}, name)
}

// find returns the column with the first of the names whose values fit, and that stands for nothing
// else yet; -1 if there is none.
func (g *guess) find(names []string, fits func(values []string) bool) int {
	for _, name := range names {
		for i := range g.names {
			if !g.used[i] && g.plain[i] == name && fits(g.values[i]) {
				g.used[i] = true
				return i
			}
		}
	}
	return -1
}

// mostly says whether nine in ten of the values, and at least one, are so.
func mostly(values []string, is func(string) bool) bool {
	n := 0
	for _, value := range values {
		if is(value) {
			n++
		}
	}
	return n > 0 && n*10 >= len(values)*9
}

// instants says whether values are points in time.
func (g *guess) instants(values []string) bool {
	return mostly(values, func(text string) bool {
		_, isDate := parseDate(text, g.zone)
		return isDate || isNumber(text)
	})
}

// numbers says whether values are numbers.
func numbers(values []string) bool { return mostly(values, isNumber) }

func isNumber(text string) bool {
	x, err := parseNumber(text)
	return err == nil && x >= 0
}

// few returns a check that at most so many different values are there, and that they repeat.
func few(most int) func(values []string) bool {
	return func(values []string) bool {
		distinct := map[string]bool{}
		for _, value := range values {
			distinct[value] = true
		}
		n := len(distinct)
		return n > 0 && n <= most && (n < len(values) || len(values) < 10)
	}
}

// name returns the name of a column; empty for none.
func (g *guess) name(i int) string {
	if i < 0 {
		return ""
	}
	return g.names[i]
}

// table names the columns of times, sizes and ids.
func (g *guess) table() *Table {
	submit := g.find(submitNames, g.instants)
	start, end := g.find(startNames, g.instants), g.find(endNames, g.instants)
	run := -1
	if start < 0 || end < 0 {
		run = g.find(runNames, numbers)
	}
	wait := -1
	if start < 0 {
		wait = g.find(waitNames, numbers)
	}
	t := &Table{Submit: g.name(submit), Start: g.name(start), End: g.name(end), Run: g.name(run),
		Wait: g.name(wait), Size: g.name(g.find(sizeNames, numbers)),
		ID: g.name(g.find(idNames, func([]string) bool { return true }))}
	if run >= 0 && strings.HasSuffix(strings.ToLower(g.names[run]), "ms") && submit >= 0 &&
		!numbers(g.values[submit]) {
		t.Unit = "ms" // instants are dates, and need no unit
	}
	return t
}

// mapping proposes accounts, labels and importances of the columns that are left.
func (g *guess) mapping() Mapping {
	var m Mapping
	if i := g.find(accountNames, few(200)); i >= 0 {
		m.Account = "{" + g.names[i] + "}"
	}
	for range 2 {
		if i := g.find(labelNames, few(50)); i >= 0 {
			m.BaseLabels = append(m.BaseLabels, plainName(g.names[i])+":{"+g.names[i]+"}")
		}
	}
	if i := g.find(importanceNames, few(50)); i >= 0 {
		m.Importance = "{" + g.names[i] + "}"
	}
	return m
}
