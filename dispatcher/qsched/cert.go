package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/certs"
	"github.com/quotasched/quotasched/internal/cli"
)

const (
	year            = 365 * 24 * time.Hour
	authorityValid  = 10 * year
	issuedValid     = year
	authorityName   = "ca"
	readableByAll   = 0o644
	readableByOwner = 0o600
)

func newCertCommand(a *app) *cobra.Command {
	return group("cert", "Make certificates and tokens, for a start without an authority of your own",
		newCertCACommand(a), newCertNodeCommand(a), newCertClientCommand(a), newCertTokenCommand(a))
}

// certFlags are where certificates are written and how long they are valid.
type certFlags struct {
	dir   string
	valid time.Duration
}

func (f *certFlags) register(c *cobra.Command, valid time.Duration) {
	c.Flags().StringVar(&f.dir, "dir", ".", "folder of the files")
	durationVar(c.Flags(), &f.valid, "valid", valid, "how long it is valid")
}

func newCertCACommand(a *app) *cobra.Command {
	f := &certFlags{}
	c := &cobra.Command{
		Use:   "ca",
		Short: "Make an authority: ca.pem and ca-key.pem",
		Long: `Make an authority: ca.pem, which everybody may have, and ca-key.pem, which signs
certificates. Whoever has the key can be anybody: keep it off the servers.`,
		Args: cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			pair, err := certs.NewAuthority("qsched authority", time.Now(), f.valid)
			if err != nil {
				return err
			}
			return a.writePair(f.dir, authorityName, pair)
		},
	}
	f.register(c, authorityValid)
	return c
}

func newCertNodeCommand(a *app) *cobra.Command {
	f := &certFlags{}
	var hosts []string
	c := &cobra.Command{
		Use:   "node ID",
		Short: "Make a node's certificate: ID.pem and ID-key.pem",
		Long: `Make a node's certificate, for its clients and for the other nodes. It stands for the
hosts that are named, and for the node's id.`,
		Example: `  qsched cert node n1 --host n1.example.org --host 10.0.0.1`,
		Args:    exactly("ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(hosts) == 0 {
				return cli.Usagef("no --host is named, so nobody could connect")
			}
			names := []string{"dns:" + args[0]}
			for _, h := range hosts {
				names = append(names, hostName(h))
			}
			return a.issue(f, args[0], certs.Request{Names: names, Server: true})
		},
	}
	c.Flags().StringArrayVar(&hosts, "host", nil, "name or address at which it is reached; may be "+
		"said "+
		"several times")
	f.register(c, issuedValid)
	return c
}

func newCertClientCommand(a *app) *cobra.Command {
	f := &certFlags{}
	var names []string
	c := &cobra.Command{
		Use:   "client NAME",
		Short: "Make a client's certificate: NAME.pem and NAME-key.pem",
		Example: `  qsched cert client ann --san email:ann@example.org
  qsched cert client host-7 --san dns:host-7 --san uri:quotasched:workers/lab`,
		Args: exactly("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(names) == 0 {
				return cli.Usagef("no --san is named: what a policy file calls the client, such as " +
					"email:ann@example.org")
			}
			return a.issue(f, args[0], certs.Request{Names: names})
		},
	}
	c.Flags().StringArrayVar(&names, "san", nil, "what it stands for: dns:NAME, uri:URI or "+
		"email:ADDRESS")
	f.register(c, issuedValid)
	return c
}

func newCertTokenCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "token",
		Short: "Make a token, and the line of a policy file that knows it",
		Long: `Make a token. The token goes to standard output, for whoever is to have it; the line for
a policy file, which has only the token's SHA-256, to standard error.`,
		Example: `  qsched cert token > ci.token`,
		Args:    cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			token, hash := certs.NewToken()
			if a.json {
				return a.line(map[string]string{"token": token, "sha256": hash})
			}
			if _, err := fmt.Fprintln(a.out, token); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.err, "tokens: [{sha256: %s}]\n", hash)
			return err
		},
	}
}

// hostName is the name of a host or address in a certificate.
func hostName(host string) string {
	if strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == "" {
		return "ip:" + host
	}
	return "dns:" + host
}

// issue makes a certificate by the authority of the folder.
func (a *app) issue(f *certFlags, name string, r certs.Request) error {
	certificate, key := files(f.dir, authorityName)
	var ca certs.Pair
	var err error
	if ca.Certificate, err = os.ReadFile(certificate); err == nil {
		ca.Key, err = os.ReadFile(key)
	}
	if err != nil {
		return fmt.Errorf("the authority: %w; 'qsched cert ca' makes one", err)
	}
	authority, err := certs.ParseAuthority(ca)
	if err != nil {
		return err
	}
	now := time.Now()
	r.From, r.Until = now.Add(-5*time.Minute), now.Add(f.valid)
	pair, err := authority.Issue(r)
	if err != nil {
		return err
	}
	return a.writePair(f.dir, name, pair)
}

// files are the names of a certificate's files.
func files(dir, name string) (certificate, key string) {
	return filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem")
}

// writePair writes a certificate and its key, over no file that exists, and prints their names.
func (a *app) writePair(dir, name string, p certs.Pair) error {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return cli.Usagef("%q is not the name of a file", name)
	}
	certificate, key := files(dir, name)
	if err := writeNew(key, p.Key, readableByOwner); err != nil {
		return err
	}
	if err := writeNew(certificate, p.Certificate, readableByAll); err != nil {
		return errors.Join(err, os.Remove(key))
	}
	if a.json {
		return a.line(map[string]string{"certificate": certificate, "key": key})
	}
	_, err := fmt.Fprintf(a.out, "%s\n%s\n", certificate, key)
	return err
}

// writeNew writes a file that must not exist.
func writeNew(path string, data []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}
