package shim

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// pathDefault is where a program is looked for if the environment has no PATH.
const pathDefault = "/usr/local/bin:/usr/bin:/bin"

// command is a child that is about to start.
type command struct {
	path       string
	argv       []string
	env        []string
	dir        string
	credential *syscall.Credential // nil means the agent's user
}

// permanentError is for tasks that no worker of this kind can start.
type permanentError struct{ error }

// newCommand checks what is to be run. dir is the directory of the lease.
func newCommand(dir string, e *dispatch.Exec, mark Mark) (c *command, err error) {
	if len(e.GetCommand()) == 0 || e.GetCommand()[0] == "" {
		return nil, permanentError{errors.New("the command is empty")}
	}
	c = &command{argv: e.GetCommand(), dir: e.GetDirectory()}
	for k, v := range e.GetEnvironment() {
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.Contains(v, "\x00") {
			return nil, permanentError{fmt.Errorf("the environment has %q", k)}
		}
		c.env = append(c.env, k+"="+v)
	}
	c.env = append(c.env, mark.environment()...)
	if u := e.GetUser(); u != "" {
		if c.credential, err = credentialOf(u); err != nil {
			return nil, err
		}
	}
	if c.dir != "" && !filepath.IsAbs(c.dir) {
		return nil, permanentError{fmt.Errorf("the directory %q is not absolute", c.dir)}
	}
	if c.dir == "" {
		c.dir = filepath.Join(dir, workFolder)
		if err := os.Mkdir(c.dir, 0o700); err != nil {
			return nil, err
		}
		if c.credential != nil {
			if err := os.Chown(c.dir, int(c.credential.Uid), int(c.credential.Gid)); err != nil {
				return nil, err
			}
		}
	}
	c.path, err = find(c.argv[0], c.dir, e.GetEnvironment()["PATH"])
	return c, err
}

// find returns the file of a program.
func find(name, dir, path string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name, nil
	}
	if path == "" {
		path = pathDefault
	}
	for _, folder := range filepath.SplitList(path) {
		file := filepath.Join(folder, name)
		info, err := os.Stat(file)
		if filepath.IsAbs(folder) && err == nil && info.Mode().IsRegular() &&
			info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("no program %q in %s", name, path)
}

// credentialOf returns a user's ids, with all groups.
func credentialOf(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	if u.Uid == strconv.Itoa(os.Getuid()) {
		return nil, nil
	}
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("the agent is not root, and cannot run as user %q", name)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	var ids []uint32
	for _, s := range append([]string{u.Uid, u.Gid}, groups...) {
		id, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %q: %w", name, err)
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}

// start starts the child, as the leader of a session. It must be called on a thread that lives as
// long as the shim: the kernel kills the child when that thread ends. cgroup is a folder that the
// child begins in, or nil.
func (c *command) start(out *os.File, cgroup *os.File) (pid int, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	attr := &syscall.SysProcAttr{
		Setsid: true, Pdeathsig: syscall.SIGKILL, Credential: c.credential,
	}
	if cgroup != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(cgroup.Fd())
	}
	pid, err = syscall.ForkExec(c.path, c.argv, &syscall.ProcAttr{
		Dir: c.dir, Env: c.env, Files: []uintptr{null.Fd(), out.Fd(), out.Fd()}, Sys: attr,
	})
	if err != nil {
		return 0, fmt.Errorf("starting %s in %s: %w", c.path, c.dir, err)
	}
	return pid, nil
}
