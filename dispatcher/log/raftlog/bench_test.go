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
				c := newNetworkCluster(b, func(o *raftlog.Options) {
					o.Heartbeat, o.Election, o.Lease = time.Second, time.Second, time.Second
					o.SegmentBytes, o.SnapshotEntries, o.SnapshotBytes = 64<<20, 1<<40, 1<<40
				}, []string{"a", "b", "c"}[:nodes]...)
				leader := c.leader()
				entry := bytes.Repeat([]byte("x"), 200*operations)
				var appending sync.WaitGroup
				work := make(chan struct{})
				b.ResetTimer()
				for range 4 {
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
			})
		}
	}
}
