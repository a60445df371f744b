package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// fileSystems are those whose name matters, by the magic of statfs(2).
var fileSystems = map[int64]diskUse{
	0xef53: {kind: "ext"}, 0x58465342: {kind: "xfs"}, 0x9123683e: {kind: "btrfs"}, 0x2fc12fc1: {kind: "zfs"}, 0x794c7630: {kind: "overlay"},
	0x01021994: {kind: "tmpfs", volatile: true}, 0x858458f6: {kind: "ramfs", volatile: true},
	0x6969: {kind: "nfs", network: true}, 0xff534d42: {kind: "cifs", network: true}, 0xfe534d42: {kind: "smb2", network: true},
	0x65735546: {kind: "fuse", network: true}, 0x00c36400: {kind: "ceph", network: true}, 0x01021997: {kind: "9p", network: true},
}

func diskState(dir string) (diskUse, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return diskUse{}, false
	}
	magic := int64(uint32(s.Type)) // the type differs between systems
	u, known := fileSystems[magic]
	if !known {
		u.kind = fmt.Sprintf("a file system of type %#x", magic)
	}
	size := uint64(s.Bsize)
	u.size, u.free, u.inodes, u.inodesFree = s.Blocks*size, s.Bavail*size, s.Files, s.Ffree
	return u, true
}

// clockError is by how much the kernel thinks that the clock may be wrong.
func clockError() (wrong time.Duration, synced, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return 0, false, false
	}
	return time.Duration(t.Maxerror) * time.Microsecond, state != unix.TIME_ERROR, true
}

func openFiles() (uint64, bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return r.Max, true // Go raises the soft limit to the hard one
}

// freeMemory is what a new process may have: of the machine, or of its cgroup.
func freeMemory() (float64, bool) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	defer func() { _ = f.Close() }() // only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:")
		if !ok {
			continue
		}
		kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		if err != nil {
			return 0, false
		}
		return min(kb*1024, cgroupLimit()), true
	}
	return 0, false
}

// cgroupLimit is the memory the control group allows, as in a container.
func cgroupLimit() float64 {
	const none = 1 << 60
	b, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return none
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	if err != nil { // "max"
		return none
	}
	return n
}
