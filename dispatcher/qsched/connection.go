package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
)

// defaultServer is where `qsched server` serves if it is not told otherwise.
const defaultServer = "http://127.0.0.1:7878"

// connection is where the server is, and how to show who calls: from flags, else from the
// environment, else from a context of the configuration.
type connection struct {
	server, context              string
	tokenFile, ca, cert, certKey string
	timeout                      time.Duration
	json                         bool
}

func (c *connection) register(flags *pflag.FlagSet) {
	flags.StringVar(&c.server, "server", "", "URL of the server, or of several with commas between "+
		"them (QSCHED_SERVER; default "+defaultServer+")")
	flags.StringVar(&c.context, "context", "", "context of ~/.config/qsched.yaml to use "+
		"(QSCHED_CONTEXT)")
	flags.StringVar(&c.tokenFile, "token-file", "", "file with the token that says who calls "+
		"(QSCHED_TOKEN_FILE; QSCHED_TOKEN has the token itself)")
	flags.StringVar(&c.ca, "ca", "", "file with the certificates of the server's authority "+
		"(QSCHED_CA)")
	flags.StringVar(&c.cert, "client-cert", "", "file with the client certificate that says who "+
		"calls "+
		"(QSCHED_CLIENT_CERT)")
	flags.StringVar(&c.certKey, "client-key", "", "file with the certificate's key "+
		"(QSCHED_CLIENT_KEY)")
	durationVar(flags, &c.timeout, "call-timeout", 30*time.Second, "how long a call may take, with "+
		"all of its tries")
	flags.BoolVar(&c.json, "json", false, "print JSON objects, one on each line")
}

// settings are what a context says, and what flags and the environment say instead.
type settings struct {
	Servers   []string
	Token     string
	TokenFile string
	CA        string `yaml:"ca"`
	Cert      string `yaml:"client_cert"`
	Key       string `yaml:"client_key"`
}

// dial returns a client for the server that is named.
func (c *connection) dial() (*client.Client, error) {
	s, err := c.settings()
	if err != nil {
		return nil, err
	}
	if s.TokenFile != "" {
		text, err := os.ReadFile(s.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("the token: %w", err)
		}
		if s.Token = strings.TrimSpace(string(text)); s.Token == "" {
			return nil, fmt.Errorf("the token: %s is empty", s.TokenFile)
		}
	}
	config := client.Config{Servers: s.Servers, Token: s.Token, Timeout: c.timeout}
	if config.TLS, err = s.tls(); err != nil {
		return nil, err
	}
	return client.New(config)
}

// settings returns what holds. A context is used as a whole, or not at all if a server is named:
// its token is for its servers alone.
func (c *connection) settings() (settings, error) {
	server := cmp.Or(c.server, os.Getenv("QSCHED_SERVER"))
	name := cmp.Or(c.context, os.Getenv("QSCHED_CONTEXT"))
	if server != "" && c.context != "" && c.server != "" {
		return settings{}, cli.Usagef("--server and --context both name a server")
	}
	var s settings
	if server == "" || c.context != "" && c.server == "" {
		var err error
		if s, err = readContext(configPath(), name); err != nil {
			return settings{}, err
		}
	} else {
		s.Servers = strings.Split(server, ",")
	}
	if len(s.Servers) == 0 {
		s.Servers = []string{defaultServer}
	}
	if token := os.Getenv("QSCHED_TOKEN"); token != "" {
		s.Token, s.TokenFile = token, ""
	}
	s.TokenFile = cmp.Or(c.tokenFile, os.Getenv("QSCHED_TOKEN_FILE"), s.TokenFile)
	s.CA = cmp.Or(c.ca, os.Getenv("QSCHED_CA"), s.CA)
	s.Cert = cmp.Or(c.cert, os.Getenv("QSCHED_CLIENT_CERT"), s.Cert)
	s.Key = cmp.Or(c.certKey, os.Getenv("QSCHED_CLIENT_KEY"), s.Key)
	return s, nil
}

// tls returns what connections by https use.
func (s *settings) tls() (*tls.Config, error) {
	if (s.Cert == "") != (s.Key == "") {
		return nil, errors.New("a client certificate and its key go together: " +
			"name both --client-cert and --client-key")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if s.CA != "" {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("the authority's certificates: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate in PEM", s.CA)
		}
	}
	if s.Cert != "" {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, fmt.Errorf("the client certificate: %w", err)
		}
		if until := pair.Leaf.NotAfter; time.Now().After(until) {
			return nil, fmt.Errorf("the client certificate %s expired at %s", s.Cert,
				until.UTC().Format(time.RFC3339))
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// configPath is the file with contexts.
func configPath() string {
	if path := os.Getenv("QSCHED_CONFIG"); path != "" {
		return path
	}
	dir := os.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "qsched.yaml")
}

// isMissing says whether there is no file of this name.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// isFileError says whether a file could not be read.
func isFileError(err error) bool { return errors.As(err, new(*fs.PathError)) }
