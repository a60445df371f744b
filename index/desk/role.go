package desk

import (
	"fmt"
	"slices"
	"strings"
)

// Permission is a set of things that somebody may do. The zero value is what
// anyone may.
type Permission uint32

// The permissions. Content is what posts say, and what is known of the people
// in them; CanSearch, CanReveal, CanExport and CanCases open it.
const (
	SignedIn      Permission = 1 << iota // their own account, the help
	CanSearch                            // find and read posts, entities, templates
	CanReview                            // decide on posts
	CanReveal                            // see the handle behind a pseudonym, with a reason
	CanExport                            // take what a search found out of the desk
	CanCases                             // open cases, and work on those they are in
	CanOversee                           // see all cases, and who works on them
	CanRefer                             // give the second opinion for a referral
	CanWatch                             // have searches stand
	CanRules                             // read the rules and how often people agreed with them
	CanLab                               // try and change rules
	CanStatus                            // sources, accounting, health
	CanOps                               // pause sources, handle dead letters
	CanHold                              // keep posts from being deleted, for a legal reason
	CanErase                             // access report on a person, and erasure
	CanAudit                             // read, check and export the audit trail
	CanAdmin                             // accounts, sessions, tokens
	CanIngest                            // bring posts in from another collector
	permissionEnd                        // not a permission
)

// permissionNames are the names under which tokens have them as scopes.
var permissionNames = []string{
	"account", "search", "review", "reveal", "export", "cases", "oversee", "refer", "watch", "rules", "lab",
	"status", "ops", "hold", "erase", "audit", "admin", "ingest",
}

// Has reports whether everything in want is in p.
func (p Permission) Has(want Permission) bool { return p&want == want }

// Names lists what is in p.
func (p Permission) Names() []string {
	out := []string{}
	for i, name := range permissionNames {
		if p&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// String lists the names with commas.
func (p Permission) String() string { return strings.Join(p.Names(), ",") }

// ParsePermission reads names as String writes them.
func ParsePermission(s string) (p Permission, err error) {
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		i := slices.Index(permissionNames, name)
		if i < 0 {
			return 0, fmt.Errorf("there is no scope %.20q, want some of %s", name, strings.Join(permissionNames, ", "))
		}
		p |= 1 << i
	}
	return p, nil
}

// Role is what somebody does here. One account may have several.
type Role string

// The roles. Admin and Ops see no content; an Auditor sees who did what to
// which id, and nothing more of the posts.
const (
	Investigator Role = "investigator"
	Analyst      Role = "analyst"
	Supervisor   Role = "supervisor"
	Auditor      Role = "auditor"
	Ops          Role = "ops"
	Admin        Role = "admin"
)

// Roles lists all roles.
var Roles = []Role{Investigator, Analyst, Supervisor, Auditor, Ops, Admin}

const investigates = SignedIn | CanSearch | CanReview | CanReveal | CanExport | CanCases | CanWatch | CanRules | CanStatus

// rolePermissions is the one table of who may do what.
var rolePermissions = map[Role]Permission{
	Investigator: investigates,
	Analyst:      SignedIn | CanSearch | CanWatch | CanRules | CanLab | CanStatus,
	Supervisor:   investigates | CanOversee | CanRefer | CanHold | CanErase,
	Auditor:      SignedIn | CanAudit,
	Ops:          SignedIn | CanStatus | CanOps,
	Admin:        SignedIn | CanStatus | CanAdmin,
}

// Permissions is what a role may do; nothing for a role there is not.
func (r Role) Permissions() Permission { return rolePermissions[r] }

// PermissionsOf is what all of the roles together may do.
func PermissionsOf(roles []Role) (p Permission) {
	for _, r := range roles {
		p |= r.Permissions()
	}
	return p
}

// ParseRoles reads roles as investigator,analyst.
func ParseRoles(s string) ([]Role, error) {
	var out []Role
	for name := range strings.SplitSeq(s, ",") {
		r := Role(strings.TrimSpace(name))
		if !slices.Contains(Roles, r) {
			return nil, fmt.Errorf("there is no role %.20q, want some of %s", r, JoinRoles(Roles))
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// JoinRoles writes roles as ParseRoles reads them.
func JoinRoles(roles []Role) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = string(r)
	}
	return strings.Join(out, ",")
}
