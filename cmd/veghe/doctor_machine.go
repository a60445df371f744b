package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// What a machine should have.
const (
	leastFree     = 1 << 30 // the index stops before the disk is fuller
	scarceFree    = 5 << 30 // below this it is time to act
	scarceShare   = 0.10    // of space or inodes left
	leastFiles    = 1024    // open files
	scarceMemory  = 600e6   // with lingua's models
	slowSync      = 50 * time.Millisecond
	oldestBackup  = 8 * 24 * time.Hour
	maxClockError = 500 * time.Millisecond
)

func (d *doctor) build() {
	b := thisBuild()
	d.ok("version", "veghe %s, %s, %s/%s, %d CPUs", b.Version, b.Go, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// clock: posts and evidence carry times, and TLS and Kafka depend on them.
func (d *doctor) clock() {
	zone, offset := d.now.Zone()
	if built, err := time.Parse(time.RFC3339, thisBuild().Time); err == nil && d.now.Before(built) {
		d.fail("clock", "set the clock, and keep it with NTP (systemd-timesyncd or chrony)",
			fmt.Errorf("it is %s here, before this program was made", d.now.UTC().Format(time.RFC3339)))
		return
	}
	switch off, synced, known := clockError(); {
	case !known:
		d.ok("clock", "%s; whether it is kept by NTP is not known here", d.now.UTC().Format(time.RFC3339))
	case !synced:
		d.warn("clock", "keep it with NTP (systemd-timesyncd or chrony): evidence is only as good as its times", "%s, kept by nobody", d.now.UTC().Format(time.RFC3339))
	case off > maxClockError:
		d.warn("clock", "look at the NTP service of this machine", "may be wrong by %s", off.Round(time.Millisecond))
	default:
		d.ok("clock", "%s, kept by NTP, wrong by at most %s", d.now.UTC().Format(time.RFC3339), off.Round(time.Millisecond))
	}
	if _, err := time.LoadLocation("Europe/Bucharest"); err != nil {
		d.warn("time zone", "install tzdata, or set ZONEINFO", "time zones cannot be loaded: %v", err)
		return
	}
	d.ok("time zone", "%s (UTC%+d:%02d); what is kept is in UTC", zone, offset/3600, abs(offset)/60%60)
}

func abs(n int) int { return max(n, -n) }

func (d *doctor) machine() {
	if files, ok := openFiles(); ok && files < leastFiles {
		d.warn("open files", "raise the limit: LimitNOFILE= of the unit, or ulimit -n 65536", "at most %d, want %d or more", files, leastFiles)
	} else if ok {
		d.ok("open files", "at most %d", files)
	}
	if free, ok := freeMemory(); ok && free < scarceMemory {
		d.warn("memory", "give it 600 MB, or set language.second_opinion: off", "%.0f MB available", free/1e6)
	} else if ok {
		d.ok("memory", "%.0f MB available", free/1e6)
	}
}

func (d *doctor) config() {
	if d.cfg.file == "" {
		d.ok("config", "none given: the defaults")
	} else {
		d.ok("config", "%s is valid", d.cfg.file)
	}
	if p := d.cfg.Stream.Kafka.SASL.PasswordFile; p != "" {
		d.secret("password file", p)
	}
	for check, p := range map[string]string{"identity provider": d.cfg.Desk.OIDC.ClientSecretFile, "TLS key": d.cfg.Desk.TLS.Key} {
		if p != "" {
			d.secret(check, p)
		}
	}
	for _, name := range []string{"token", "evidence.key"} {
		if _, err := os.Stat(d.cfg.path(name)); err == nil {
			d.secret(name, d.cfg.path(name))
		}
	}
}

// secret wants a file that nobody else can read.
func (d *doctor) secret(check, path string) {
	fi, err := os.Stat(path)
	switch {
	case err != nil:
		d.fail(check, "give a file that this user can read", err)
	case fi.Mode().Perm()&0o077 != 0:
		d.fail(check, "chmod 600 "+path, fmt.Errorf("%s can be read by others (%v)", path, fi.Mode().Perm()))
	}
}

func (d *doctor) dataFolder() {
	const check = "data folder"
	dir := d.cfg.Data
	fi, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		parent, err := existing(dir)
		if err == nil {
			err = tryWrite(parent)
		}
		if err != nil {
			d.fail(check, "make it, owned by the user that veghe runs as", err)
			return
		}
		d.ok(check, "%s will be made", dir)
		return
	}
	if err == nil && !fi.IsDir() {
		err = fmt.Errorf("%s is not a folder", dir)
	}
	if err != nil {
		d.fail(check, "name another with -data", err)
		return
	}
	began := time.Now()
	if err := tryWrite(dir); err != nil {
		d.fail(check, "chown it to the user that veghe runs as; if the file system is mounted read-only, look at the disk", err)
		return
	}
	switch took := time.Since(began); {
	case fi.Mode().Perm()&0o077 != 0:
		d.warn(check, "chmod 700 "+dir, "%s can be entered by others (%v)", dir, fi.Mode().Perm())
	case took > slowSync:
		d.warn(check, "use a local disk: every batch waits for it", "writing durably to %s takes %s", dir, took.Round(time.Millisecond))
	default:
		d.ok(check, "%s can be written, durably in %s", dir, took.Round(100*time.Microsecond))
	}
}

// existing is the nearest folder above that is there.
func existing(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if fi, e := os.Stat(dir); e == nil {
			if !fi.IsDir() {
				return dir, fmt.Errorf("%s is not a folder", dir)
			}
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return dir, fs.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
	return dir, err
}

func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString("can this be kept?\n")
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}

func (d *doctor) disk() {
	dir, err := existing(d.cfg.Data)
	if err != nil {
		return // dataFolder said so
	}
	s, ok := diskState(dir)
	if !ok {
		return
	}
	const do = "free space, or shorten retention.unflagged; see docs/sizing.md"
	share := float64(s.free) / float64(max(s.size, 1))
	switch {
	case s.free < leastFree:
		d.fail("disk space", do, fmt.Errorf("%.1f GB free, the index stops below 1.1 GB and nothing is lost", float64(s.free)/1e9))
	case s.free < scarceFree || share < scarceShare:
		d.warn("disk space", do, "%.1f GB free, %.0f %%", float64(s.free)/1e9, 100*share)
	default:
		d.ok("disk space", "%.1f GB free, %.0f %%", float64(s.free)/1e9, 100*share)
	}
	if s.inodes > 0 {
		left := float64(s.inodesFree) / float64(s.inodes)
		if left < scarceShare {
			d.warn("inodes", "remove small files, or make the file system anew with more inodes", "%d left, %.0f %%", s.inodesFree, 100*left)
		} else {
			d.ok("inodes", "%d left, %.0f %%", s.inodesFree, 100*left)
		}
	}
	switch {
	case s.network:
		d.warn("file system", "use a local disk: locks and fsync over a network cannot be relied on", "%s is on %s", dir, s.kind)
	case s.volatile:
		d.warn("file system", "use a disk, unless this is a trial", "%s is on %s: everything is gone after a restart", dir, s.kind)
	default:
		d.ok("file system", "%s", s.kind)
	}
}

type diskUse struct {
	size, free         uint64 // bytes
	inodes, inodesFree uint64
	kind               string
	network, volatile  bool
}

// addresses: that they are free, and who can reach them.
func (d *doctor) addresses(ctx context.Context) {
	for _, a := range []struct {
		check, addr, ours string
		wanted            bool
		reach             string
	}{
		{"listen", d.cfg.Listen, d.at.Listen, d.stages.serve, "put a proxy with TLS in front, and let only it reach this address"},
		{"ops_listen", d.cfg.OpsListen, d.at.Ops, true, "let only Prometheus reach this address: metrics and status need no sign-in"},
	} {
		if !a.wanted {
			continue
		}
		if d.running == nil || a.ours != a.addr {
			var lc net.ListenConfig
			l, err := lc.Listen(ctx, "tcp", a.addr)
			if err != nil {
				d.fail(a.check, "stop what has it (ss -ltnp), or choose another address", err)
				continue
			}
			_ = l.Close() // it was only a trial
		}
		host, port, _ := net.SplitHostPort(a.addr) // checked with the configuration
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			d.ok(a.check, "%s, on this machine only", a.addr)
			continue
		}
		if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 1024 && runtime.GOOS != "linux" {
			d.warn(a.check, "use a port above 1023", "%s needs privileges", a.addr)
		}
		d.warn(a.check, a.reach, "%s can be reached from other machines, unencrypted", a.addr)
	}
}

// sources: who is asked, and whether the names resolve. Nothing is fetched.
func (d *doctor) sources(ctx context.Context) {
	if !d.stages.crawl {
		return
	}
	if len(d.cfg.Sources) == 0 {
		d.warn("sources", "veghe source add ADDRESS, or bring posts with veghe import", "none are configured")
		return
	}
	var lost []string
	seen := map[string]bool{}
	for i := range d.cfg.Sources {
		u, err := url.Parse(d.cfg.Sources[i].URL)
		if err != nil || u.Hostname() == "" || seen[u.Hostname()] || len(seen) >= 50 {
			continue
		}
		host := u.Hostname()
		seen[host] = true
		ask, cancel := context.WithTimeout(ctx, 3*time.Second)
		if _, err := net.DefaultResolver.LookupHost(ask, host); err != nil {
			lost = append(lost, host)
		}
		cancel()
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		d.warn("sources", "look at the name servers of this machine; veghe source test ADDRESS tries one", "%d configured; no address found for %v", len(d.cfg.Sources), lost)
		return
	}
	d.ok("sources", "%d configured, their names resolve", len(d.cfg.Sources))
}

func (d *doctor) backup() {
	if _, err := os.Stat(d.cfg.path("desk")); err != nil {
		return // nothing is kept yet
	}
	note := lastBackup(&d.cfg)
	switch age := d.now.Sub(note.At); {
	case note.At.IsZero():
		d.warn("backup", "veghe backup /another/disk/ (deploy/systemd has a timer)", "there never was one of this data folder")
	case age > oldestBackup:
		d.warn("backup", "see why the timer does not run: systemctl status veghe-backup.timer", "the last one is %.0f days old", age.Hours()/24)
	default:
		d.ok("backup", "%s, %.1f MB, %s ago", note.File, float64(note.Bytes)/1e6, age.Round(time.Minute))
	}
}
