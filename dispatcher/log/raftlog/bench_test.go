package raftlog_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
)

// BenchmarkAppend appends entries of 200 bytes an operation, four at a time.
func BenchmarkAppend(b *testing.B) {
	for _, nodes := range []int{1, 3} {
		for _, operations := range []int{1, 64, 256} {
			b.Run(fmt.Sprintf("nodes=%d/operations=%d", nodes, operations), func(b *testing.B) {
				appendMany(b, nodes, operations, 4, nil)
			})
		}
	}
}

// BenchmarkInFlight appends entries of 64 operations to three nodes, with one and with several
// batches on the way to each follower. On 2 cores at load 6, operations a second:
//
//	appenders   in flight 1         2        8
//	    1            73,000    67,000   56,000
//	   16           147,000   104,000   73,000
func BenchmarkInFlight(b *testing.B) {
	for _, appenders := range []int{1, 16} {
		for _, batches := range []int{1, 2, 8} {
			b.Run(fmt.Sprintf("appenders=%d/in_flight=%d", appenders, batches), func(b *testing.B) {
				appendMany(b, 3, 64, appenders, func(o *raftlog.Options) { o.InFlight = batches })
			})
		}
	}
}

// appendMany appends b.N entries.
func appendMany(b *testing.B, nodes, operations, appenders int, tune func(*raftlog.Options)) {
	c := newNetworkCluster(b, func(o *raftlog.Options) {
		o.Heartbeat, o.Election, o.Lease = time.Second, time.Second, time.Second
		o.SegmentBytes, o.SnapshotEntries, o.SnapshotBytes = 64<<20, 1<<40, 1<<40
		if tune != nil {
			tune(o)
		}
	}, []string{"a", "b", "c"}[:nodes]...)
	leader := c.leader()
	entry := bytes.Repeat([]byte("x"), 200*operations)
	var appending sync.WaitGroup
	work := make(chan struct{})
	b.ResetTimer()
	for range appenders {
		appending.Go(func() {
			for range work {
				if _, _, err := leader.log.Append(b.Context(), entry); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	appending.Wait()
	b.StopTimer()
	require.Len(b, leader.ledger.Entries(), b.N)
	b.ReportMetric(float64(b.N*operations)/b.Elapsed().Seconds(), "operations/s")
}
