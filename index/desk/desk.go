// Package desk keeps what people decide: reviews, the audit trail, and the
// secrets of local sign-in. Nothing here is ever overwritten: a review is
// followed by a newer one, and the audit trail is a chain of hashes.
package desk
