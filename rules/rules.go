// Package rules holds the rule set as data: what analysts know about the
// language of trafficking recruitment and of child grooming, the word lists
// the rules share, and the policy that turns findings into a reason to look.
//
// The files are embedded, so that one binary is complete. A rule set read
// from disk has the same layout. README.md says how to add a rule.
package rules

import "embed"

// FS is the rule set: recruitment, grooming, common, lists, wording and
// policy.yaml.
//
//go:embed recruitment grooming common lists wording policy.yaml
var FS embed.FS
