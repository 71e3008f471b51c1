package worker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/record"
	"github.com/quotasched/quotasched/worker/shim"
)

// ErrInUse is for a state directory that another agent has.
var ErrInUse = errors.New("another agent has this state directory")

// store is the agent's state directory, which survives the agent. One without a directory keeps
// nothing.
//
//	lock              held for as long as the agent lives
//	uuid              record: names the directory
//	leases/SLOT.ID/   a lease, until its end is recorded; see package shim
//	logs/SLOT.ID/     what an ended task wrote, for people; see logs
type store struct {
	dir  string
	uuid string
	// fresh is set when the directory has a new name: to the dispatcher this is another boot.
	fresh bool
	lock  *os.File
	logs  *logs
}

// openStore takes a state directory, and makes it if there is none. An empty name means that there
// is no directory.
func openStore(dir string, keep LogsKept) (*store, error) {
	if dir == "" {
		return &store{uuid: rand.Text()}, nil
	}
	return openDirectory(dir, keep)
}

func openDirectory(dir string, keep LogsKept) (*store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "leases"), 0o711); err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	s := &store{dir: dir, lock: lock}
	if s.logs, err = openLogs(filepath.Join(dir, "logs"), keep); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	path := filepath.Join(dir, "uuid")
	switch content, err := record.Read(path); {
	case err == nil:
		s.uuid = string(content)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, record.ErrDamaged):
		s.uuid, s.fresh = rand.Text(), true
		if err := record.Write(path, []byte(s.uuid)); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	default:
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// close gives the directory up.
func (s *store) close() error {
	if s.dir == "" {
		return nil
	}
	return s.lock.Close()
}

// boot returns what the dispatcher is to call this boot of the machine and this directory.
func (s *store) boot() (string, error) {
	if s.dir == "" {
		return s.uuid, nil
	}
	kernel, err := kernelBoot()
	return kernel + "-" + s.uuid, err
}

func (s *store) leases() string { return filepath.Join(s.dir, "leases") }

// path returns a lease's directory.
func (s *store) path(id string, slot int32) string {
	if s.dir == "" {
		return ""
	}
	return filepath.Join(s.leases(), fmt.Sprintf("%d.%s", slot, url.PathEscape(id)))
}

// make makes a lease's directory, with the order in it.
func (s *store) make(dir string, run *dispatch.Run) error {
	if s.dir == "" {
		return nil
	}
	if err := os.Mkdir(dir, 0o711); err != nil {
		return err
	}
	return shim.WriteRun(dir, run)
}

// end records how a lease ended.
func (s *store) end(dir string, end *dispatch.LeaseReport) error {
	if s.dir == "" {
		return nil
	}
	return shim.WriteEnd(dir, end)
}

// kept is a lease that an earlier agent left.
type kept struct {
	dir string
	run *dispatch.Run         // without a task if the record is damaged
	end *dispatch.LeaseReport // nil if it has not ended, as far as is recorded
}

// kept returns what earlier agents left. What is no lease is removed.
func (s *store) kept() (all []kept, err error) {
	if s.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(s.leases())
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		dir := filepath.Join(s.leases(), e.Name())
		slot, escaped, _ := strings.Cut(e.Name(), ".")
		n, err := strconv.ParseInt(slot, 10, 32)
		id, err2 := url.PathUnescape(escaped)
		if err != nil || err2 != nil || id == "" {
			if err := os.RemoveAll(dir); err != nil {
				return nil, err
			}
			continue
		}
		k := kept{dir: dir}
		if k.run, err = shim.ReadRun(dir); err != nil || k.run.GetLeaseId() != id {
			k.run = &dispatch.Run{LeaseId: id, Slot: int32(n)}
		}
		if end, err := shim.ReadEnd(dir); err == nil {
			k.end = end
		}
		all = append(all, k)
	}
	return slices.Clip(all), nil
}

// forget drops what is kept of a lease, but what its task wrote.
func (s *store) forget(dir string, log *slog.Logger) {
	if s.dir != "" && s.logs.keep(dir) != nil {
		s.remove(dir, log)
	}
}

// expire removes what is too old.
func (s *store) expire() {
	if s.dir != "" {
		s.logs.expire()
	}
}

// find returns the directory of a lease, and whether the lease has ended; false if nothing is kept
// of it.
func (s *store) find(lease string) (dir string, ended, ok bool) {
	if s.dir == "" {
		return "", false, false
	}
	// In this order: directories move from the first to the second.
	if dir, ok = leaseIn(s.leases(), lease); ok {
		_, err := shim.ReadEnd(dir)
		return dir, err == nil, true
	}
	dir, ok = leaseIn(s.logs.dir, lease)
	return dir, true, ok
}

// leaseIn returns the directory of a lease in a folder.
func leaseIn(folder, lease string) (string, bool) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if _, id, _ := strings.Cut(e.Name(), "."); id == url.PathEscape(lease) {
			return filepath.Join(folder, e.Name()), true
		}
	}
	return "", false
}

// removals says how often, and how long apart, the removal of a directory is tried.
const (
	removeTries = 5
	removeAgain = 100 * time.Millisecond
)

// remove removes a lease's directory. One that stays is reported again by the next agent.
func (s *store) remove(dir string, log *slog.Logger) {
	var err error
	for try := range removeTries {
		if try > 0 {
			time.Sleep(removeAgain)
		}
		if err = os.RemoveAll(dir); err == nil {
			return
		}
	}
	log.Error("a lease's directory cannot be removed", "directory", dir, "error", err)
}
