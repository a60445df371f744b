package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"veghe"
	"veghe/stream"
	"veghe/stream/embedded"
	"veghe/stream/kafka"
)

// runCmd is the command of some or all stages.
func runCmd(name string, st stages) func(context.Context, env, []string) error {
	return func(ctx context.Context, e env, args []string) error {
		f := newFlags(name, e.err)
		if err := f.parseNone(args); err != nil {
			return err
		}
		cfg, err := f.config()
		if err != nil {
			return err
		}
		return serve(ctx, e, cfg, st, deskLook{})
	}
}

// deskLook is what makes the demo's desk different.
type deskLook struct {
	notice string
	// ready is called once with the desk's address, when it answers.
	ready func(url string)
}

// serve runs the stages with their listeners until ctx ends.
func serve(ctx context.Context, e env, cfg config, st stages, look deskLook) error {
	log := cfg.logger(e.err)
	l, err := listen(ctx, &cfg, st)
	if err != nil {
		return err
	}
	defer l.close()
	a, err := openApp(ctx, cfg, st, log)
	if err != nil {
		return err
	}
	secure, err := cfg.Desk.tlsServer()
	if err == nil {
		err = a.announce(l.deskAddr(), l.ops.Addr().String())
	}
	if err != nil {
		return errors.Join(err, a.close())
	}
	var deskHandler http.Handler
	if st.serve {
		if deskHandler, err = a.deskHandler(look); err != nil {
			return errors.Join(err, a.close())
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveHTTP(gctx, l.ops, nil, a.opsHandler(gctx), log) })
	if deskHandler != nil {
		g.Go(func() error { return serveHTTP(gctx, l.desk, secure, deskHandler, log) })
	}
	g.Go(func() error { return a.run(gctx) })
	g.Go(func() error { return a.greet(gctx, e, l, look) })
	err = whatToDo(&cfg, g.Wait())
	log.Info("stopping")
	return errors.Join(err, a.close())
}

type listeners struct{ desk, ops net.Listener }

// listen takes the addresses first, so that a taken one is known at once.
func listen(ctx context.Context, cfg *config, st stages) (*listeners, error) {
	l := &listeners{}
	var err error
	if st.serve {
		if l.desk, err = listenOn(ctx, cfg.Listen, "-listen"); err != nil {
			return nil, err
		}
	}
	if l.ops, err = listenOn(ctx, cfg.OpsListen, "-ops-listen"); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func listenOn(ctx context.Context, addr, flagName string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, withHint(err, "another program, perhaps another veghe, has %s: choose another address with %s", addr, flagName)
	}
	return l, nil
}

func (l *listeners) close() {
	for _, n := range []net.Listener{l.desk, l.ops} {
		if n != nil {
			_ = n.Close() // closed twice when the server ran
		}
	}
}

func (l *listeners) deskAddr() string {
	if l.desk == nil {
		return ""
	}
	return l.desk.Addr().String()
}

// stopTime bounds how long requests may take to end after a stop.
const stopTime = 10 * time.Second

// serveHTTP serves until ctx ends, over TLS if secure is given.
func serveHTTP(ctx context.Context, l net.Listener, secure *tls.Config, h http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler: h, TLSConfig: secure, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, WriteTimeout: 5 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	unregister := context.AfterFunc(ctx, func() {
		shut, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		stopped <- s.Shutdown(shut)
	})
	serve := s.Serve
	if secure != nil {
		serve = func(l net.Listener) error { return s.ServeTLS(l, "", "") }
	}
	err := serve(l)
	if unregister() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", l.Addr(), err)
	}
	if err := <-stopped; err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// greet says where to look.
func (a *app) greet(ctx context.Context, e env, l *listeners, look deskLook) error {
	a.log.Info("veghe is up", "version", thisBuild().Version, "desk", l.deskAddr(), "ops", l.ops.Addr().String(),
		"data", a.cfg.Data, "rules", a.rules.Load().Version(), "sources", len(a.cfg.Sources))
	if l.desk == nil {
		return nil
	}
	url := a.cfg.Desk.url(l.deskAddr())
	fmt.Fprintf(e.out, "desk: %s\nmetrics: http://%s/metrics\n", url, l.ops.Addr())
	link, err := a.firstLink(ctx)
	if err != nil {
		return fmt.Errorf("making the first link: %w", err)
	}
	if link != "" {
		fmt.Fprintf(e.out, "make the first account, once, with: %ssignin?token=%s\n", url, link)
	}
	if !a.autoSignIn() && a.cfg.Desk.TLS.Cert == "" && len(a.cfg.Desk.Proxies) == 0 {
		a.log.Warn("the desk can be reached by others without TLS: set desk.tls, or desk.proxies for one that does it", "listen", l.deskAddr())
	}
	if len(a.cfg.Sources) == 0 {
		fmt.Fprintln(e.out, "no sources are configured: the desk explains how to add one; veghe import brings posts from files")
	}
	if look.ready != nil {
		look.ready(url)
	}
	return nil
}

// openStreamAlone opens the stream for a command while no veghe runs on the
// data folder.
func openStreamAlone(ctx context.Context, cfg *config, e env) (stream.Log, func() error, error) {
	log := cfg.logger(e.err)
	if cfg.usesKafka() {
		k, err := kafka.Open(ctx, kafkaConfig(cfg, historyWindow(nil), log))
		if err != nil {
			return nil, nil, err
		}
		return k, k.Close, nil
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, nil, err
	}
	l, err := embedded.Open(cfg.path("log"), embeddedOptions(cfg, 0, log))
	if err != nil {
		return nil, nil, err
	}
	return l, l.Close, nil
}

// sourceWords are the configured sources without their settings.
func (c *config) sourceWords() []veghe.Source {
	out := make([]veghe.Source, len(c.Sources))
	for i := range c.Sources {
		out[i] = c.Sources[i].Source
	}
	return out
}
