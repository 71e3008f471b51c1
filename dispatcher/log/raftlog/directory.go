package raftlog

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// format is the version of a directory.
const format = 1

// peersMax is how many other nodes a directory can know.
const peersMax = 1000

// ErrDirectory says that a directory cannot be used by this node.
var ErrDirectory = errors.New("the data directory cannot be used")

// An identity is what node.json says.
type identity struct {
	Format int `json:"format"`
	// Cluster is empty until the node is of one.
	Cluster   string `json:"cluster"`
	Node      string `json:"node"`
	Directory string `json:"directory"`
	// Used is true once there may be entries: from then on a directory without them is half there.
	Used bool `json:"used"`
}

// A directory is the data directory of a node, locked.
type directory struct {
	path string
	lock *os.File

	mu    sync.Mutex
	id    identity
	known map[string]string // directories of other nodes, by their ids
}

// openDirectory locks a directory and checks that it is this node's. What is missing is made.
func openDirectory(o Options) (*directory, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(o.Dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	d := &directory{path: o.Dir, lock: lock, known: map[string]string{}}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s: another process uses it: %w", ErrDirectory,
			lock.Name(), err), lock.Close())
	}
	if err := d.load(o); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *directory) close() error { return d.lock.Close() }

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

func (d *directory) load(o Options) error {
	name := d.file("node.json")
	refuse := func(file, reason string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrDirectory, file, fmt.Sprintf(reason, args...))
	}
	switch err := readFile(name, &d.id); {
	case errors.Is(err, fs.ErrNotExist):
		for _, part := range []string{"wal", "snapshots", "peers.json", "applied"} {
			if _, err := os.Lstat(d.file(part)); err == nil {
				return refuse(name, "it is missing, though there is %s: the directory is half there",
					part)
			}
		}
		d.id = identity{Format: format, Cluster: o.cluster(), Node: o.NodeID, Directory: rand.Text()}
		return writeFile(name, d.id)
	case err != nil:
		return refuse(name, "it is damaged: %v", err)
	}
	switch {
	case d.id.Format != format:
		return refuse(name, "it has format %d, and this program knows %d", d.id.Format, format)
	case d.id.Node != o.NodeID:
		return refuse(name, "it belongs to node %q, and this is node %q", d.id.Node, o.NodeID)
	case d.id.Directory == "":
		return refuse(name, "it is damaged: it has no directory")
	}
	if err := readFile(d.file("peers.json"), &d.known); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refuse(d.file("peers.json"), "it is damaged: %v", err)
	}
	return nil
}

// cluster is the id of the cluster that the options begin: the same on all its first members.
func (o Options) cluster() string {
	switch len(o.Bootstrap) {
	case 0:
		return ""
	case 1:
		return rand.Text()
	}
	var all []string
	for _, a := range o.Bootstrap {
		all = append(all, a.ID+"="+a.Address)
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(all, ",")))
	return hex.EncodeToString(sum[:16])
}

// identity returns what node.json says.
func (d *directory) identity() identity {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.id
}

// use notes that there are entries.
func (d *directory) use() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.id.Used {
		return nil
	}
	next := d.id
	next.Used = true
	return d.save(next)
}

func (d *directory) save(next identity) error {
	if err := writeFile(d.file("node.json"), next); err != nil {
		return err
	}
	d.id = next
	return nil
}

// meet checks what another node says of itself against what is known of it, and notes what is new.
func (d *directory) meet(cluster, node, dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !validID.MatchString(node) || dir == "" || len(dir) > 64 || len(cluster) > 64:
		return errors.New("it does not say who it is")
	case node == d.id.Node:
		return fmt.Errorf("it has the id of this node, %s", node)
	case cluster != "" && d.id.Cluster != "" && cluster != d.id.Cluster:
		return fmt.Errorf("node %s is of cluster %s, and this is %s", node, cluster, d.id.Cluster)
	case d.known[node] != "" && d.known[node] != dir:
		return fmt.Errorf("node %s was here with another data directory; give it a new id", node)
	}
	if d.id.Cluster == "" && cluster != "" {
		next := d.id
		next.Cluster = cluster
		if err := d.save(next); err != nil {
			return err
		}
	}
	if d.known[node] == dir {
		return nil
	}
	if len(d.known) >= peersMax {
		return fmt.Errorf("node %s: %d others are known already", node, peersMax)
	}
	next := maps.Clone(d.known)
	next[node] = dir
	if err := writeFile(d.file("peers.json"), next); err != nil {
		return err
	}
	d.known = next
	return nil
}
