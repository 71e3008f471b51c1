// Package chaos runs three nodes as processes on this machine while links are cut, processes killed
// and halted, disks filled and clocks set, and checks that nothing that was acknowledged is lost.
// It has tests alone; a seed gives the same schedule of faults.
//
//	load ──────▶ n1, n2, n3: processes of this test binary, each with dispatcher.Run
//	workers ───▶   │
//	               ▼ peers' connections
//	          proxies, one before each node; they read who dials, and know each pair
package chaos
