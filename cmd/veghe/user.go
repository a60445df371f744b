package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"veghe"
	"veghe/index/desk"
)

// operator is who runs commands on the server, in the audit trail.
const operator = "operator"

// userCmd works on the accounts in the data folder, also beside a running
// veghe: accounts are read anew for every request.
func userCmd(ctx context.Context, e env, args []string) error {
	verbs := map[string]func(context.Context, *userTool, []string) error{
		"add": userAdd, "list": userList, "role": userRole, "disable": userDisable, "enable": userEnable,
		"reset": userReset, "link": userLink, "token": userToken,
	}
	if len(args) == 0 || verbs[args[0]] == nil {
		return usageError{"want add, list, role, disable, enable, reset, link or token"}
	}
	u := &userTool{env: e, flags: newFlags("user "+args[0], e.err)}
	u.role = u.flags.String("role", "", "`roles`, joined by commas: "+desk.JoinRoles(desk.Roles))
	u.sources = u.flags.String("sources", "", "`ids` of the only sources it sees, joined by commas; all: every one")
	u.full = u.flags.String("full", "", "`name` and unit of its owner")
	u.json = u.flags.Bool("json", false, "answer in JSON")
	u.days = u.flags.Int("days", 90, "`days` that a token works")
	u.scopes = u.flags.String("scopes", "", "`rights` of a token, joined by commas; without an account: ingest")
	u.forWhat = u.flags.String("for", "", "`what` a token is for")
	u.revoke = u.flags.String("revoke", "", "end the token with this `id`")
	rest, err := u.flags.parse(args[1:])
	if err != nil {
		return err
	}
	if u.cfg, err = u.flags.config(); err != nil {
		return err
	}
	if u.desk, err = u.cfg.openDesk(ctx); err != nil {
		return withHint(err, "veghe user works on the data folder: name it with -data or -c")
	}
	return errors.Join(verbs[args[0]](ctx, u, rest), u.desk.Close())
}

type userTool struct {
	env
	flags *flags
	cfg   config
	desk  *desk.Desk

	role, sources, full, scopes, forWhat, revoke *string
	days                                         *int
	json                                         *bool
}

// note enters what is about to be done into the audit trail.
func (u *userTool) note(ctx context.Context, object, what string) error {
	_, err := u.desk.Record(ctx, desk.Event{At: time.Now(), Who: operator, Action: "admin", Object: object, Reason: what + ", on the server"})
	return err
}

// name is the one argument.
func (u *userTool) name(args []string) (string, error) {
	if len(args) != 1 {
		return "", usageError{"want the name of one account"}
	}
	return args[0], nil
}

// wanted is the account that the flags describe, laid over what it was.
func (u *userTool) wanted(a desk.Account) (desk.Account, error) {
	if *u.role != "" {
		roles, err := desk.ParseRoles(*u.role)
		if err != nil {
			return a, usageError{"-role: " + err.Error()}
		}
		a.Roles = roles
	}
	if *u.full != "" {
		a.Full = *u.full
	}
	switch *u.sources {
	case "":
	case "all":
		a.Sources = nil
	default:
		a.Sources = []veghe.SourceID{}
		for id := range strings.SplitSeq(*u.sources, ",") {
			a.Sources = append(a.Sources, veghe.SourceID(strings.TrimSpace(id)))
		}
	}
	return a, nil
}

func userAdd(ctx context.Context, u *userTool, args []string) error {
	name, err := u.name(args)
	if err != nil {
		return err
	}
	a, err := u.wanted(desk.Account{Name: name})
	if err != nil {
		return err
	}
	if len(a.Roles) == 0 {
		return usageError{"want -role, some of " + desk.JoinRoles(desk.Roles)}
	}
	if err := u.note(ctx, "account "+name, "added: "+desk.JoinRoles(a.Roles)); err != nil {
		return err
	}
	if err := u.desk.AddAccount(ctx, a, time.Now()); err != nil {
		return err
	}
	return u.printLink(ctx, name)
}

// printLink makes the link that lets the owner choose a password.
func (u *userTool) printLink(ctx context.Context, name string) error {
	secret, err := u.desk.NewLink(ctx, name, time.Now())
	if err != nil {
		return err
	}
	listen := u.cfg.Listen
	if note, _, err := newLocal(u.cfg.Data).note(); err == nil && note.Listen != "" {
		listen = note.Listen
	}
	link := u.cfg.Desk.url(listen) + "signin?token=" + secret
	if *u.json {
		return json.NewEncoder(u.out).Encode(map[string]string{"account": name, "link": link})
	}
	fmt.Fprintf(u.out, "%s\n", link)
	fmt.Fprintf(u.err, "this link sets the password of %s; it works once, for %d hours\n", name, int(desk.LinkLife.Hours()))
	return nil
}

func userList(ctx context.Context, u *userTool, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Sprintf("unexpected argument %q", args[0])}
	}
	all, err := u.desk.Accounts(ctx)
	if err != nil {
		return err
	}
	if *u.json {
		return json.NewEncoder(u.out).Encode(map[string]any{"accounts": all})
	}
	tab := tabwriter.NewWriter(u.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "NAME\tROLES\tSOURCES\tSECOND FACTOR\tLAST SIGN-IN\tSTATE")
	for _, a := range all {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Name, desk.JoinRoles(a.Roles), sourceIDs(a.Sources), yesNo(a.TOTP), dayOrNever(a.SignedInAt), accountState(a))
	}
	return tab.Flush()
}

func sourceIDs(ids []veghe.SourceID) string {
	if ids == nil {
		return "all"
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return strings.Join(out, ",")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func dayOrNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("2006-01-02 15:04")
}

func accountState(a desk.Account) string {
	switch {
	case !a.DisabledAt.IsZero():
		return "disabled"
	case a.External:
		return "identity provider"
	case !a.Password:
		return "no password yet"
	}
	return "active"
}

func userRole(ctx context.Context, u *userTool, args []string) error {
	name, err := u.name(args)
	if err != nil {
		return err
	}
	was, err := u.desk.Account(ctx, name)
	if err != nil {
		return err
	}
	a, err := u.wanted(was)
	if err != nil {
		return err
	}
	if slices.Equal(a.Roles, was.Roles) && *u.sources == "" && *u.full == "" {
		return usageError{"want -role, -sources or -full"}
	}
	if err := u.note(ctx, "account "+name, "changed: "+desk.JoinRoles(a.Roles)+"; sources "+sourceIDs(a.Sources)); err != nil {
		return err
	}
	return u.desk.SetAccount(ctx, a)
}

func userDisable(ctx context.Context, u *userTool, args []string) error {
	name, err := u.name(args)
	if err != nil {
		return err
	}
	if err := u.note(ctx, "account "+name, "disable"); err != nil {
		return err
	}
	return u.desk.DisableAccount(ctx, name, time.Now())
}

func userEnable(ctx context.Context, u *userTool, args []string) error {
	name, err := u.name(args)
	if err != nil {
		return err
	}
	if err := u.note(ctx, "account "+name, "enable"); err != nil {
		return err
	}
	return u.desk.EnableAccount(ctx, name)
}

// userReset takes the password and the second factor away, and prints a link.
func userReset(ctx context.Context, u *userTool, args []string) error {
	name, err := u.name(args)
	if err != nil {
		return err
	}
	if err := u.note(ctx, "account "+name, "reset"); err != nil {
		return err
	}
	if err := u.desk.ResetAccount(ctx, name); err != nil {
		return err
	}
	return u.printLink(ctx, name)
}

func userLink(ctx context.Context, u *userTool, args []string) error {
	name, err := u.name(args)
	if err != nil {
		return err
	}
	if err := u.note(ctx, "account "+name, "link made"); err != nil {
		return err
	}
	return u.printLink(ctx, name)
}

// userToken makes a token for an account or, with none named, for a collector;
// or ends one, or lists them.
func userToken(ctx context.Context, u *userTool, args []string) error {
	switch {
	case *u.revoke != "":
		if err := u.note(ctx, "token "+*u.revoke, "revoked"); err != nil {
			return err
		}
		return u.desk.RevokeToken(ctx, *u.revoke, time.Now())
	case *u.forWhat == "":
		return u.listTokens(ctx)
	case len(args) > 1:
		return usageError{"want at most one account"}
	}
	t := desk.Token{Name: *u.forWhat, Scopes: desk.CanIngest, ExpiresAt: time.Now().AddDate(0, 0, *u.days)}
	if len(args) == 1 {
		a, err := u.desk.Account(ctx, args[0])
		if err != nil {
			return err
		}
		scopes, err := desk.ParsePermission(*u.scopes)
		if err != nil || scopes == 0 || !a.May().Has(scopes) {
			return usageError{fmt.Sprintf("-scopes: want some of %s", a.May())}
		}
		t.Account, t.Scopes = a.Name, scopes
	}
	secret, made, err := u.desk.CreateToken(ctx, t, time.Now())
	if err != nil {
		return err
	}
	if err := u.note(ctx, "token "+made.ID, "made: "+made.Scopes.String()); err != nil {
		return err
	}
	if *u.json {
		return json.NewEncoder(u.out).Encode(map[string]any{"id": made.ID, "token": secret, "expires_at": made.ExpiresAt})
	}
	fmt.Fprintln(u.out, secret)
	fmt.Fprintf(u.err, "token %s for %s, until %s; it is not shown again\n", made.ID, made.Scopes, made.ExpiresAt.Format(time.DateOnly))
	return nil
}

func (u *userTool) listTokens(ctx context.Context) error {
	all, err := u.desk.Tokens(ctx)
	if err != nil {
		return err
	}
	if *u.json {
		return json.NewEncoder(u.out).Encode(map[string]any{"tokens": all})
	}
	tab := tabwriter.NewWriter(u.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "ID\tFOR\tACCOUNT\tSCOPES\tUNTIL\tLAST USED\tSTATE")
	for _, t := range all {
		state := "works"
		if !t.Good(time.Now()) {
			state = "ended"
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Account, t.Scopes, dayOrNever(t.ExpiresAt), dayOrNever(t.UsedAt), state)
	}
	return tab.Flush()
}
