package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"

	"veghe"
	"veghe/crawler"
	"veghe/detect/history"
	"veghe/stream/kafka"
)

// config is veghe.yaml. The zero value with its defaults filled runs on this
// machine alone. Flags win over the file.
type config struct {
	// Data is the folder for everything kept: log, index, desk, frontier.
	Data string `yaml:"data"`
	// Listen is the address of desk and API.
	Listen    string `yaml:"listen"`
	OpsListen string `yaml:"ops_listen"` // address of metrics and health
	// Rules is a folder of rules; empty means those built in.
	Rules string `yaml:"rules"`
	// Model is a companion learnt from reviews (veghe model train); empty
	// means none. It shows and explains, and never flags.
	Model string `yaml:"model"`
	// Node names this process where several serve: each keeps a full index.
	Node      string          `yaml:"node"`
	Log       logConfig       `yaml:"log"`
	Language  languageConfig  `yaml:"language"`
	History   historyConfig   `yaml:"history"`
	Stream    streamConfig    `yaml:"stream"`
	Retention retentionConfig `yaml:"retention"`
	Evidence  evidenceConfig  `yaml:"evidence"`
	Canary    canaryConfig    `yaml:"canary"`
	Desk      deskConfig      `yaml:"desk"`
	Crawler   crawlerConfig   `yaml:"crawler"`
	Notify    notifyConfig    `yaml:"notify"`
	// Sources are the places that are watched.
	Sources []crawler.Source `yaml:"sources"`

	file string // it was read from; "" if none
}

type logConfig struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text or json
}

type languageConfig struct {
	// SecondOpinion is lingua's accuracy for single uncertain words: high
	// (about 400 MB), low (26 MB) or off.
	SecondOpinion string `yaml:"second_opinion"`
	// Region is the country of phone numbers without a prefix.
	Region string `yaml:"region"`
}

type historyConfig struct {
	// MaxBytes is about how much memory is given to what authors have shown in
	// their conversations, by policy; past it those not touched for longest are
	// forgotten.
	MaxBytes int64 `yaml:"max_bytes"`
}

type streamConfig struct {
	// Kafka, when it names brokers, replaces the embedded log.
	Kafka    kafka.Config   `yaml:"kafka"`
	Embedded embeddedConfig `yaml:"embedded"`
}

type embeddedConfig struct {
	RetainBytes int64 `yaml:"retain_bytes"` // per topic; 0 means no limit
}

type crawlerConfig struct {
	// Operator is who reads: the name that sites see in User-Agent.
	Operator string `yaml:"operator"`
	// Contact is where a site can write to: a page or an address.
	Contact string `yaml:"contact"`
}

// leastHistory keeps the few conversations of a small forum.
const leastHistory = 1 << 20

func defaultConfig() config {
	return config{
		Data: "data", Listen: "127.0.0.1:8420", OpsListen: "127.0.0.1:8421", Node: "desk",
		Log:       logConfig{Level: "info", Format: "text"},
		Language:  languageConfig{SecondOpinion: "low", Region: "RO"},
		History:   historyConfig{MaxBytes: history.DefaultBytes},
		Retention: retentionConfig{Unflagged: duration(7 * 24 * time.Hour)},
		Canary:    canaryConfig{Every: duration(time.Minute)},
		Desk:      defaultDesk(),
	}
}

// duration also takes days: 7d.
type duration time.Duration

var daysForm = regexp.MustCompile(`^(\d{1,5})d$`)

func (d *duration) UnmarshalText(b []byte) error {
	if m := daysForm.FindSubmatch(b); m != nil {
		n, err := strconv.Atoi(string(m[1]))
		*d = duration(time.Duration(n) * 24 * time.Hour)
		return err
	}
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("duration is %q, want such as 12h or 7d", b)
	}
	*d = duration(v)
	return nil
}

// usesKafka reports whether the stream is a Kafka cluster.
func (c *config) usesKafka() bool { return len(c.Stream.Kafka.Brokers) > 0 }

func (c *config) path(elem ...string) string {
	return filepath.Join(append([]string{c.Data}, elem...)...)
}

// flags are those that every command with a configuration has.
type flags struct {
	*flag.FlagSet
	file                                     string
	data, rules, listen, ops, logLevel, node string
}

func newFlags(name string, w io.Writer) *flags {
	f := &flags{FlagSet: flag.NewFlagSet("veghe "+name, flag.ContinueOnError)}
	f.SetOutput(w)
	f.StringVar(&f.file, "c", "", "configuration `file`")
	f.StringVar(&f.data, "data", "", "`folder` for everything kept (default data)")
	f.StringVar(&f.rules, "rules", "", "`folder` of rules instead of those built in")
	f.StringVar(&f.listen, "listen", "", "`address` of desk and API (default 127.0.0.1:8420)")
	f.StringVar(&f.ops, "ops-listen", "", "`address` of metrics and health (default 127.0.0.1:8421)")
	f.StringVar(&f.node, "node", "", "`name` of this process where several serve (default desk)")
	f.StringVar(&f.logLevel, "log", "", "log `level`: debug, info, warn, error (default info)")
	return f
}

// parse parses flags that may also follow arguments, and returns the
// arguments.
func (f *flags) parse(args []string) ([]string, error) {
	var rest []string
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usageError{err.Error()}
		}
		args = f.Args()
		if len(args) == 0 {
			return rest, nil
		}
		if f.terminated(args) {
			return append(rest, args...), nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

// parseNone parses flags of a command that takes no arguments.
func (f *flags) parseNone(args []string) error {
	rest, err := f.parse(args)
	if err == nil && len(rest) > 0 {
		err = usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
	}
	return err
}

// terminated reports whether "--" ended the flags before args.
func (f *flags) terminated(args []string) bool { return f.NArg() == len(args) && args[0] == "--" }

// config reads the file and lays the flags over it.
func (f *flags) config() (config, error) {
	c := defaultConfig()
	if f.file != "" {
		b, err := os.ReadFile(f.file)
		if errors.Is(err, fs.ErrNotExist) {
			return c, withHint(fmt.Errorf("no configuration at %s", f.file), "deploy/veghe.example.yaml is a start; without -c veghe runs on its defaults")
		}
		if err != nil {
			return c, fmt.Errorf("reading the configuration: %w", err)
		}
		if err := decodeConfig(f.file, b, &c); err != nil {
			return c, err
		}
		c.file = f.file
	}
	for _, o := range []struct {
		to   *string
		from string
	}{{&c.Data, f.data}, {&c.Rules, f.rules}, {&c.Listen, f.listen}, {&c.OpsListen, f.ops}, {&c.Log.Level, f.logLevel}, {&c.Node, f.node}} {
		if o.from != "" {
			*o.to = o.from
		}
	}
	if err := c.validate(); err != nil {
		if f.file != "" {
			return c, fmt.Errorf("%s: %w", f.file, err)
		}
		return c, err
	}
	return c, nil
}

// decodeConfig decodes strictly: an unknown key is an error with
// file:line:column and a caret.
func decodeConfig(file string, b []byte, c *config) error {
	err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(c)
	if err == nil || errors.Is(err, io.EOF) { // an empty file means the defaults
		return nil
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p := at.GetToken().Position
		caret := yaml.FormatError(err, false, true)
		return withHint(fmt.Errorf("%s:%d:%d: %s\n%s", file, p.Line, p.Column, at.GetMessage(), caret), "deploy/veghe.example.yaml shows every key")
	}
	return fmt.Errorf("%s: %w", file, err)
}

func (c *config) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, a := range []struct{ key, value string }{{"listen", c.Listen}, {"ops_listen", c.OpsListen}} {
		if _, _, err := net.SplitHostPort(a.value); err != nil {
			bad("%s is %q, want host:port such as 127.0.0.1:8420", a.key, a.value)
		}
	}
	switch c.Language.SecondOpinion {
	case "high", "low", "off":
	default:
		bad("language.second_opinion is %q, want high, low or off", c.Language.SecondOpinion)
	}
	if c.History.MaxBytes < leastHistory {
		bad("history.max_bytes is %d, want %d or more", c.History.MaxBytes, leastHistory)
	}
	errs = append(errs, c.Retention.validate())
	if c.Canary.Every < duration(time.Second) {
		bad("canary.every is %v, want 1s or more; canary: {off: true} sends none", time.Duration(c.Canary.Every))
	}
	if c.Evidence.Keep < 0 {
		bad("evidence.keep is %v, want a time such as 7d", time.Duration(c.Evidence.Keep))
	}
	if c.Canary.Every < duration(time.Second) {
		bad("canary.every is %v, want 1s or more; canary: {off: true} sends none", time.Duration(c.Canary.Every))
	}
	errs = append(errs, c.Desk.validate())
	if _, err := c.logLevel(); err != nil {
		errs = append(errs, err)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		bad("log.format is %q, want text or json", c.Log.Format)
	}
	if c.usesKafka() {
		if err := c.Stream.Kafka.Validate(); err != nil {
			bad("stream.kafka: %w", err)
		}
	}
	errs = append(errs, c.Desk.validate())
	if _, err := c.Notify.channels(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.validateSources()...)
	return errors.Join(errs...)
}

func (c *config) validateSources() []error {
	var errs []error
	seen := map[veghe.SourceID]bool{}
	for i := range c.Sources {
		s := &c.Sources[i]
		if err := s.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("sources[%d] %s: %w", i, s.ID, err))
		}
		if seen[s.ID] {
			errs = append(errs, fmt.Errorf("sources[%d]: id %s stands twice", i, s.ID))
		}
		seen[s.ID] = true
	}
	if len(c.Sources) > 0 && (c.Crawler.Operator == "" || c.Crawler.Contact == "") {
		errs = append(errs, errors.New("crawler: operator and contact are needed to visit sources: sites must know who reads them and whom to write to"))
	}
	return errs
}

func (c *config) logLevel() (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return l, fmt.Errorf("log.level is %q, want debug, info, warn or error", c.Log.Level)
	}
	return l, nil
}

func (c *config) logger(w io.Writer) *slog.Logger {
	level, _ := c.logLevel() // checked by validate
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
