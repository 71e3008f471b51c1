package trace_test

import (
	"testing"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

const nodes = `sn,cpu_milli,memory_mib,gpu,model
n0,32000,262144,0,
n1,64000,262144,2,T4
n2,64000,262144,1,P100
`

func TestFleetOfAListOfNodes(t *testing.T) {
	path := write(t, "nodes.csv", nodes)
	want := []simulator.Worker{
		{ID: "n1.0", Labels: []string{"gpu:T4"}},
		{ID: "n1.1", Labels: []string{"gpu:T4"}},
		{ID: "n2", Labels: []string{"gpu:P100"}},
	}
	for _, source := range []trace.FleetSource{
		{File: path, Preset: "openb-nodes"},
		{File: path, ID: "{sn}", Labels: []string{"gpu:{model}"}, Count: "{gpu}"},
	} {
		got, err := trace.LoadFleet(t.Context(), &source)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "workers", got, want)
	}
	got, err := trace.LoadFleet(t.Context(), &trace.FleetSource{File: path,
		Labels: []string{"cpus:{cpu_milli|cpus}", "model:{model}"},
		Tables: map[string]map[string]string{"cpus": {"32000": "32", "*": "64"}}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "workers", got, []simulator.Worker{
		{ID: "node-1", Labels: []string{"cpus:32"}},
		{ID: "node-2", Labels: []string{"cpus:64", "model:T4"}},
		{ID: "node-3", Labels: []string{"cpus:64", "model:P100"}},
	})
}

func TestFleetsThatAreWrong(t *testing.T) {
	for _, c := range []struct {
		source trace.FleetSource
		text   string
		want   string
	}{
		{trace.FleetSource{Preset: "x"}, nodes, `preset: there is no preset "x"`},
		{trace.FleetSource{ID: "{"}, nodes, "id: position 1: this { is not closed"},
		{trace.FleetSource{Count: "{x}"}, nodes, `count: position 1: the log has no field "x"`},
		{trace.FleetSource{Labels: []string{"{x}"}}, nodes, `labels[0]: position 1: the log has no`},
		{trace.FleetSource{Count: "0"}, nodes, "nodes.csv: there are no workers in it"},
		{trace.FleetSource{Count: "{model}"}, nodes, `nodes.csv:3: count: "T4" is not a number`},
		{trace.FleetSource{Count: "1.5"}, nodes, `nodes.csv:2: count: "1.5" is not a whole number`},
		{trace.FleetSource{Count: "600000"}, nodes, "nodes.csv:3: the fleet has more than a million"},
		{trace.FleetSource{ID: "{model}"}, nodes, "nodes.csv:2: the node has no id"},
		{trace.FleetSource{ID: "a"}, nodes, `nodes.csv:3: a worker "a" was there before`},
		{trace.FleetSource{}, nodes + "x\n", "nodes.csv:5: 1 fields, want 5"},
		{trace.FleetSource{}, "", "nodes.csv: the file is empty"},
	} {
		c.source.File = write(t, "nodes.csv", c.text)
		_, err := trace.LoadFleet(t.Context(), &c.source)
		fails(t, err, c.want)
	}
	_, err := trace.LoadFleet(t.Context(), &trace.FleetSource{})
	fails(t, err, "file: no file is named")
}

// A request that can run on one of several models runs on one of them, and on no other.
func TestAlternatives(t *testing.T) {
	pods := write(t, "pods.csv", `name,num_gpu,gpu_spec,qos,creation_time,deletion_time,scheduled_time
any,1,,LS,0,100,0
either,1,P100|V100M16,LS,0,100,0
neither,1,A10|G2,LS,0,100,0
both,2,P100|T4,LS,0,100,0
`)
	w := load(t, &trace.Source{File: pods, Preset: "openb-pods", Strict: true}).Workload
	fleet, err := trace.LoadFleet(t.Context(), &trace.FleetSource{
		File: write(t, "nodes.csv", nodes), Preset: "openb-nodes"})
	if err != nil {
		t.Fatal(err)
	}
	got := trace.AddAlternatives(fleet, w)
	equal(t, "workers", got, []simulator.Worker{
		{ID: "n1.0", Labels: []string{"gpu:T4", "gpu:P100|T4"}},
		{ID: "n1.1", Labels: []string{"gpu:T4", "gpu:P100|T4"}},
		{ID: "n2", Labels: []string{"gpu:P100", "gpu:P100|V100M16", "gpu:P100|T4"}},
	})
	equal(t, "the fleet as it was", fleet[2].Labels, []string{"gpu:P100"})
	figures, err := simulator.Run(t.Context(), &simulator.Setup{Workload: w, Workers: got,
		Timing: simulator.DefaultTiming()})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "completed", figures.All.Completed, 4)
	equal(t, "impossible", len(figures.Impossible), 1)
	equal(t, "which one", figures.Impossible[0].Submission, "neither")
}
