package reference_test

import (
	"flag"
	"fmt"
	"strconv"
	"testing"

	"github.com/quotasched/quotasched/protos"
)

// crowds are pools that are large enough for whatever the engine does only with many: many kinds
// of worker, many label sets, long queues and many runs of one account.
var crowds = []profile{
	{
		name: "many label sets", accounts: 4, workers: 160, requests: 900, pullMax: 100, calm: true,
		phases:        true,
		base:          dimension("dim", 9),
		provisionable: dimension("v", 3),
		extra:         dimension("model", 4),
	},
	{
		name: "own labels", accounts: 4, workers: 100, requests: 700, pullMax: 60, calm: true,
		phases: true,
		base:   dimension("dim", 3), ownLabels: true, ownPercent: 10,
	},
	{
		name: "one account", accounts: 1, workers: 300, requests: 900, pullMax: 250, calm: true,
		phases:        true,
		provisionable: dimension("v", 1),
		extra:         dimension("model", 1),
	},
	{
		name: "an account for each request", accounts: 600, workers: 120, requests: 700,
		pullMax: 80, calm: true, phases: true,
		base: dimension("dim", 2),
	},
	{
		name: "labels of all workers", accounts: 4, workers: 150, requests: 800, pullMax: 100,
		calm: true, phases: true, everywhere: dimension("all", 6),
		provisionable: dimension("v", 2),
		extra:         dimension("model", 5),
	},
	{
		name: "kinds that appear and vanish", accounts: 4, workers: 100, requests: 600,
		pullMax: 60, calm: true, phases: true, restless: true,
		base:          dimension("dim", 7),
		provisionable: dimension("v", 2),
	},
	{
		name: "limits that flip", accounts: 5, workers: 120, requests: 700, pullMax: 80,
		calm: true, phases: true, flips: true,
		base:          dimension("os", 2),
		provisionable: dimension("v", 1),
		extra:         dimension("model", 3),
	},
	{
		name: "one label set", accounts: 5, workers: 200, requests: 900, pullMax: 150, calm: true,
		phases: true,
	},
}

func dimension(key string, n int) (labels []string) {
	for i := range n {
		labels = append(labels, fmt.Sprintf("%s:%d", key, i))
	}
	return labels
}

// TestCrowdsAgree tells longer stories of larger pools to the engine and to the reference. There
// are fewer of them, in proportion to the number of rapid's checks.
func TestCrowdsAgree(t *testing.T) {
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	if err != nil {
		t.Fatal(err)
	}
	for i := range crowds {
		p := &crowds[i]
		t.Run(p.name, func(t *testing.T) {
			for seed := range uint64(max(1, checks/100)) {
				tellCrowd(t, seed, p)
			}
		})
	}
}

// tellCrowd tells the story of a crowd. Its states are compared now and then.
func tellCrowd(t *testing.T, seed uint64, p *profile) {
	t.Helper()
	dice := newSeededDice(seed)
	d := newDuel(t, newConfig(dice, p), newTimeout(dice, p))
	s := newStoryteller(dice, p)
	for i := range p.requests * 2 {
		op := s.next()
		_, events, _ := d.applyQuickly(t, op)
		var pool *protos.Pool
		if i%25 == 0 || chance(dice, 2) {
			pool = d.compareAll(t)
		} else {
			pool = s.seen
		}
		s.look(op, pool, events)
		if chance(dice, 1) {
			d.restore(t)
		}
	}
	pool := d.compareAll(t)
	runs := 0
	for _, w := range pool.GetScheduler().GetWorkers() {
		if w.GetRun() != nil {
			runs++
		}
	}
	t.Logf("seed %d: in the end %d wait, %d run on %d workers", seed,
		len(pool.GetScheduler().GetWaitingRequests()), runs, len(pool.GetScheduler().GetWorkers()))
	d.settle(t)
}
