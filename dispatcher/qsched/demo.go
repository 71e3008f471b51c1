package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher"
	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/dispatcher/demo"
	"github.com/quotasched/quotasched/internal/cli"
)

// demoFlags are the flags of a demo.
type demoFlags struct {
	listen string
	speed  float64
	length time.Duration
	every  time.Duration
	seed   uint64
}

const (
	demoPool     = "lab"
	demoSpeedMax = 1000
)

func newDemoCommand(a *app) *cobra.Command {
	f := &demoFlags{}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run a server and a simulated lab, to look at",
		Long: `Run a server in a folder of its own and a lab of 24 simulated devices, on which four teams
run a day of tasks, 60 times as fast as in life. Ctrl-C ends everything and leaves nothing
behind.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.speed < 1 || f.speed > demoSpeedMax {
				return cli.Usagef("--speed %v is not from 1 to %d", f.speed, demoSpeedMax)
			}
			if f.length < 0 || f.every < 100*time.Millisecond {
				return cli.Usagef("--for is negative, or --every less than 0.1 s")
			}
			return a.demo(c.Context(), f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.listen, "listen", "127.0.0.1:7878", "`HOST:PORT` of the server")
	flags.Float64Var(&f.speed, "speed", 60, "how much faster than life it is")
	durationVar(flags, &f.length, "for", 0, "end after so long (default when the day is over)")
	durationVar(flags, &f.every, "every", 5*time.Second, "how often to say what happens")
	flags.Uint64Var(&f.seed, "seed", 1, "another day of tasks")
	return c
}

// demo runs a server and a lab until ctx ends, the time is up or the day is over.
func (a *app) demo(ctx context.Context, f *demoFlags) (err error) {
	dir, err := os.MkdirTemp("", "qsched-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if f.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.length)
		defer cancel()
	}
	server := &serverFlags{logFormat: "text", logLevel: "error"}
	server.config.DataDir, server.config.Listen = dir, f.listen
	config, err := server.complete(io.Writer(a.err))
	if err != nil {
		return err
	}
	ready, ended := make(chan string, 1), make(chan error, 1)
	config.OnReady = func(url string) { ready <- url }
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	go func() { ended <- dispatcher.Run(life, config) }()
	select {
	case url := <-ready:
		err = a.lab(ctx, f, url)
		end()
		return errors.Join(err, <-ended)
	case err := <-ended:
		return err
	case <-ctx.Done():
		end()
		return <-ended
	}
}

// lab runs the lab on a server.
func (a *app) lab(ctx context.Context, f *demoFlags, url string) error {
	c, err := client.New(client.Config{Servers: []string{url}})
	if err != nil {
		return err
	}
	defer c.Close()
	at := ""
	if url != defaultServer {
		at = " --server " + url
	}
	fmt.Fprintf(a.out, `ready: %[2]s
24 simulated devices, four teams, %[3]v times as fast as life. In another terminal:
  qsched%[1]s pool inspect lab
  qsched%[1]s account list lab
  qsched%[1]s worker list lab
  qsched%[1]s task list lab --state WAITING
  qsched%[1]s task why lab ID
  qsched%[1]s events lab --follow
  qsched%[1]s account suspend lab web
Ctrl-C ends it and leaves nothing behind.

`, at, url, f.speed)
	return demo.RunLab(ctx, demo.LabConfig{Client: c, Pool: demoPool, Speed: f.speed, Seed: f.seed,
		Every: f.every, Say: func(line string) { fmt.Fprintln(a.out, line) }})
}
