package generate_test

import (
	"fmt"
	"log"
	"time"

	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/generate"
)

// A team tests each change on two models of phones, and all of them at night.
func ExampleSpec_Workload() {
	const text = `
length: 24h
counters:
  build: {first: 7, at: ["05:00"]}
streams:
  - name: change
    account: team
    arrivals: {per_day: 4, shape: working-hours}
    group: {size: 2}
    base_mixes: [{"model:oak": 1, "model:fir": 1}]
    deal: even
    provisionable_labels: ["os:build-{build}"]
    run: {median: 8m, p90: 15m, max: 1h}
  - name: night
    account: team
    batches: [{at: "02:00", count: 2}]
    provisionable_labels: ["os:build-{build}"]
    run: {constant: 30m}
`
	node, err := yamltree.Parse("a-day.yaml", []byte(text))
	if err != nil {
		log.Fatal(err)
	}
	var spec generate.Spec
	if err := yamltree.Decode(node, &spec); err != nil {
		log.Fatal(err)
	}
	workload, err := spec.Workload("a day", 4)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range workload.Submissions {
		fmt.Printf("%s  %-10s runs %6v  %v %v\n", workload.Start.Add(s.Submit).Format("15:04"),
			s.ID, s.Run, s.ProvisionableLabels, s.BaseLabels)
	}
	// Output:
	// 02:00  night-1    runs  30m0s  [os:build-7] []
	// 02:00  night-2    runs  30m0s  [os:build-7] []
	// 09:01  change-1.1 runs 10m55s  [os:build-8] [model:oak]
	// 09:01  change-1.2 runs  5m45s  [os:build-8] [model:fir]
	// 11:05  change-2.1 runs  7m37s  [os:build-8] [model:fir]
	// 11:05  change-2.2 runs  3m42s  [os:build-8] [model:oak]
	// 11:44  change-3.1 runs  5m52s  [os:build-8] [model:fir]
	// 11:44  change-3.2 runs  6m54s  [os:build-8] [model:oak]
	// 22:21  change-4.1 runs 10m43s  [os:build-8] [model:oak]
	// 22:21  change-4.2 runs  9m28s  [os:build-8] [model:fir]
}

// A fleet of two kinds of workers, in proportions that hold for any total.
func ExampleFleet() {
	fleet := generate.Fleet{
		Total: 6,
		Groups: []generate.WorkerGroup{
			{
				Name:    "{model}-{n}",
				Percent: 70,
				Mixes:   []generate.Mix{{"model:oak": 2, "model:fir": 1}},
			},
			{Name: "old-{n}", Percent: 30, Labels: []string{"model:elm", "slow"}},
		},
	}
	for _, w := range fleet.Workers() {
		fmt.Println(w.ID, w.Labels)
	}
	// Output:
	// oak-1 [model:oak]
	// fir-1 [model:fir]
	// oak-2 [model:oak]
	// oak-3 [model:oak]
	// old-1 [model:elm slow]
	// old-2 [model:elm slow]
}

// A mistake is told with the path of its field, and all of them at once.
func ExampleSpec_Validate() {
	spec := generate.Spec{
		Length: 24 * time.Hour,
		Streams: []generate.Stream{{
			Name:     "cq",
			Arrivals: generate.Arrivals{PerDay: 200, Shape: "office"},
			Group:    generate.Group{Size: -1},
			Run:      generate.RunTime{Constant: time.Minute},
		}},
	}
	fmt.Println(spec.Validate())
	// Output:
	// streams[0].arrivals.shape: "office" is not a shape; there are flat, nights, waking-hours, working-hours
	// streams[0].group.size: -1 is not from 0 to 100,000
}
