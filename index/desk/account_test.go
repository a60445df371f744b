package desk_test

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
)

const good = "nine green boats at sea"

// cheap is a desk whose passwords cost next to nothing.
func cheap(t *testing.T) *desk.Desk {
	t.Helper()
	d := open(t, t.TempDir())
	d.SetCost(desk.Cost{Time: 1, Memory: 8, Threads: 1})
	return d
}

func addAccount(t *testing.T, d *desk.Desk, name string, roles ...desk.Role) {
	t.Helper()
	if err := d.AddAccount(t.Context(), desk.Account{Name: name, Roles: roles}, day); err != nil {
		t.Fatal(err)
	}
	if err := d.SetPassword(t.Context(), name, good); err != nil {
		t.Fatal(err)
	}
}

func TestPermissions(t *testing.T) {
	content := desk.CanSearch | desk.CanReveal | desk.CanExport | desk.CanCases | desk.CanReview | desk.CanErase | desk.CanHold | desk.CanWatch
	for _, r := range []desk.Role{desk.Admin, desk.Ops, desk.Auditor} {
		if see := r.Permissions() & content; see != 0 {
			t.Errorf("%s sees content: %s", r, see)
		}
	}
	for _, r := range desk.Roles {
		if !r.Permissions().Has(desk.SignedIn) || r.Permissions().Has(desk.CanIngest) {
			t.Errorf("%s may %s", r, r.Permissions())
		}
		p, err := desk.ParsePermission(r.Permissions().String())
		if err != nil || p != r.Permissions() {
			t.Errorf("%s: %q reads as %q, %v", r, r.Permissions(), p, err)
		}
	}
	if desk.Supervisor.Permissions()&desk.Investigator.Permissions() != desk.Investigator.Permissions() {
		t.Error("a supervisor may less than an investigator")
	}
	if _, err := desk.ParsePermission("search,everything"); err == nil {
		t.Error("a scope there is not was taken")
	}
}

func TestAccounts(t *testing.T) {
	d := cheap(t)
	a := desk.Account{Name: "ana.pop", Full: "Ana Pop", Roles: []desk.Role{desk.Investigator, desk.Analyst}, Sources: []veghe.SourceID{"forum"}, CreatedAt: day}
	if err := d.AddAccount(t.Context(), a, day); err != nil {
		t.Fatal(err)
	}
	got, err := d.Account(t.Context(), "ana.pop")
	if diff := cmp.Diff(a, got); err != nil || diff != "" {
		t.Errorf("%v, account (-want +got):\n%s", err, diff)
	}
	if err := d.AddAccount(t.Context(), a, day); !errors.Is(err, desk.ErrAccount) {
		t.Errorf("the same name again: %v", err)
	}
	for _, name := range []string{"", "A", "x", "Ana", "ana pop", "local", "collector", "../x", strings.Repeat("a", 65)} {
		if err := d.AddAccount(t.Context(), desk.Account{Name: name, Roles: a.Roles}, day); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
	if err := d.AddAccount(t.Context(), desk.Account{Name: "nobody2"}, day); err == nil {
		t.Error("an account without a role was made")
	}
}

// Somebody is always left who can change accounts.
func TestLastAdmin(t *testing.T) {
	d := cheap(t)
	addAccount(t, d, "root1", desk.Admin)
	addAccount(t, d, "root2", desk.Ops, desk.Admin)
	if err := d.DisableAccount(t.Context(), "root1", day); err != nil {
		t.Fatal(err)
	}
	if err := d.DisableAccount(t.Context(), "root2", day); !errors.Is(err, desk.ErrLastAdmin) {
		t.Errorf("the last one disabled: %v", err)
	}
	if err := d.SetAccount(t.Context(), desk.Account{Name: "root2", Roles: []desk.Role{desk.Ops}}); !errors.Is(err, desk.ErrLastAdmin) {
		t.Errorf("the last one made something else: %v", err)
	}
	if err := d.EnableAccount(t.Context(), "root1"); err != nil {
		t.Fatal(err)
	}
	if err := d.DisableAccount(t.Context(), "root2", day); err != nil {
		t.Error(err)
	}
}

func TestPasswordRules(t *testing.T) {
	for password, ok := range map[string]bool{
		good:                          true,
		"întrebare cu diacritice":     true,
		"123 456 789 012 345":         true, // no rules of composition
		"short":                       false,
		"elevenchars":                 false,
		"aaaaaaaaaaaaaaaa":            false,
		"password1234":                false,
		"Parola123456":                false,
		"ana.pop12345":                false,
		strings.Repeat("abcde ", 50):  false,
		"\xff\xfe\xfd\xfcabcdefghijk": false,
	} {
		if err := desk.CheckPassword("ana.pop", password); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestSignIn(t *testing.T) {
	d := cheap(t)
	addAccount(t, d, "ana", desk.Investigator)
	try := func(name, password string) error {
		_, err := d.SignIn(t.Context(), desk.Attempt{Name: name, Password: password, Address: "192.0.2.1"}, day)
		return err
	}
	for _, row := range []struct {
		name, password string
		want           error
	}{
		{"ana", good, nil},
		{" ANA ", good, nil},
		{"ana", good + "!", desk.ErrSignIn},
		{"ana", "", desk.ErrSignIn},
		{"dan", good, desk.ErrSignIn},
		{"ana' OR 1=1 --", good, desk.ErrSignIn},
	} {
		if err := try(row.name, row.password); !errors.Is(err, row.want) {
			t.Errorf("%q with %q: %v, want %v", row.name, row.password, err, row.want)
		}
	}
	// The same word typed another way: composed and decomposed letters.
	if err := d.SetPassword(t.Context(), "ana", "ma\u0302ine la opt dimineat\u0326a"); err != nil {
		t.Fatal(err)
	}
	if err := try("ana", "m\u00e2ine la opt diminea\u021ba"); err != nil {
		t.Errorf("composed letters: %v", err)
	}
	if err := d.DisableAccount(t.Context(), "ana", day); err != nil {
		t.Fatal(err)
	}
	if err := try("ana", "m\u00e2ine la opt diminea\u021ba"); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("a disabled account: %v", err)
	}
}

// Guessing slows down, for an account from anywhere and for an address over
// all accounts, and stops nobody for good.
func TestThrottle(t *testing.T) {
	d := cheap(t)
	addAccount(t, d, "ana", desk.Investigator)
	now := day
	try := func(name, password, from string) error {
		_, err := d.SignIn(t.Context(), desk.Attempt{Name: name, Password: password, Address: from}, now)
		return err
	}
	var slow *desk.TooOften
	for i := range 5 {
		if err := try("ana", "a wrong password", "192.0.2.1"); !errors.Is(err, desk.ErrSignIn) {
			t.Fatalf("failure %d: %v", i, err)
		}
	}
	if err := try("ana", good, "198.51.100.7"); !errors.As(err, &slow) || slow.Wait != time.Second {
		t.Errorf("the sixth try, from elsewhere: %v, want to wait 1s", err)
	}
	now = now.Add(time.Second)
	if err := try("ana", good, "198.51.100.7"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	for i := range 40 {
		now = now.Add(20 * time.Minute)
		if err := try("ana", "a wrong password", "192.0.2.1"); !errors.Is(err, desk.ErrSignIn) {
			t.Fatalf("failure %d after a long wait: %v", i, err)
		}
	}
	if err := try("dan", good, "192.0.2.1"); !errors.As(err, &slow) || slow.Wait != 15*time.Minute {
		t.Errorf("another account from the same address: %v, want to wait 15m", err)
	}
	now = now.Add(25 * time.Hour)
	if err := try("ana", good, "192.0.2.1"); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// The vectors are those of RFC 6238, appendix B, for SHA-1, cut to six digits
// as apps show them.
func TestTOTP(t *testing.T) {
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got, err := desk.TOTPCode(secret, time.Unix(at, 0)); err != nil || got != want {
			t.Errorf("at %d: %s, %v, want %s", at, got, err, want)
		}
	}
	if got := desk.TOTPAddress("ABC", "ana pop"); got != "otpauth://totp/veghe:ana%20pop?issuer=veghe&secret=ABC" {
		t.Errorf("address %s", got)
	}
}

func TestSecondFactor(t *testing.T) {
	d := cheap(t)
	addAccount(t, d, "ana", desk.Investigator)
	secret := desk.NewTOTP()
	code := func(at time.Time) string {
		c, err := desk.TOTPCode(secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := d.SetTOTP(t.Context(), "ana", secret, "000000", day); !errors.Is(err, desk.ErrCode) {
		t.Errorf("a secret that no app has: %v", err)
	}
	recovery, err := d.SetTOTP(t.Context(), "ana", secret, code(day), day)
	if err != nil || len(recovery) != 10 {
		t.Fatalf("%d codes, %v", len(recovery), err)
	}
	now := day
	try := func(code string) error {
		_, err := d.SignIn(t.Context(), desk.Attempt{Name: "ana", Password: good, Code: code}, now)
		return err
	}
	if err := try(""); !errors.Is(err, desk.ErrCode) {
		t.Errorf("without a code: %v", err)
	}
	if err := try(code(day)); !errors.Is(err, desk.ErrCode) {
		t.Errorf("the code that enrolled: %v", err)
	}
	now = now.Add(time.Minute)
	if err := try(code(now)); err != nil {
		t.Errorf("the next code: %v", err)
	}
	if err := try(code(now)); !errors.Is(err, desk.ErrCode) {
		t.Errorf("a code a second time: %v", err)
	}
	now = now.Add(time.Minute)
	if err := try(code(now.Add(30 * time.Second))); err != nil {
		t.Errorf("a clock half a minute fast: %v", err)
	}
	if err := try(code(now.Add(90 * time.Second))); !errors.Is(err, desk.ErrCode) {
		t.Errorf("a clock a minute and a half fast: %v", err)
	}
	if err := try(strings.ToLower(recovery[3])); err != nil {
		t.Errorf("a code on paper: %v", err)
	}
	if err := try(recovery[3]); !errors.Is(err, desk.ErrCode) {
		t.Errorf("a code on paper a second time: %v", err)
	}
	if _, err := d.SetTOTP(t.Context(), "ana", "", "", now); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	if err := try(""); err != nil {
		t.Errorf("taken away: %v", err)
	}
}

func TestLinks(t *testing.T) {
	d := cheap(t)
	first, err := d.NewLink(t.Context(), "", day)
	if err != nil {
		t.Fatal(err)
	}
	chief := desk.Account{Name: "chief", Roles: []desk.Role{desk.Admin}}
	if err := d.UseLink(t.Context(), "guess", chief, good, day); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("a guessed link: %v", err)
	}
	if err := d.UseLink(t.Context(), first, chief, "short", day); err == nil {
		t.Error("a short password was taken")
	}
	if err := d.UseLink(t.Context(), first, chief, good, day); err != nil {
		t.Fatal(err)
	}
	if err := d.UseLink(t.Context(), first, desk.Account{Name: "two", Roles: chief.Roles}, good, day); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("the first link a second time: %v", err)
	}
	addAccount(t, d, "ana", desk.Investigator)
	old, err1 := d.NewLink(t.Context(), "ana", day)
	link, err2 := d.NewLink(t.Context(), "ana", day)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	session, err := d.StartSession(t.Context(), "ana", "here", lives, day)
	if err != nil {
		t.Fatal(err)
	}
	const other = "seven red kites on a hill"
	for name, err := range map[string]error{
		"an older link":   d.UseLink(t.Context(), old, desk.Account{Name: "ana"}, other, day),
		"of another":      d.UseLink(t.Context(), link, desk.Account{Name: "chief"}, other, day),
		"after its time":  d.UseLink(t.Context(), link, desk.Account{Name: "ana"}, other, day.Add(desk.LinkLife)),
		"the first again": d.UseLink(t.Context(), first, desk.Account{Name: "ana"}, other, day),
	} {
		if !errors.Is(err, desk.ErrSignIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.UseLink(t.Context(), link, desk.Account{Name: "ana"}, other, day); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.InSession(t.Context(), session, lives, day); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("a session outlived its password: %v", err)
	}
	if _, err := d.SignIn(t.Context(), desk.Attempt{Name: "ana", Password: other}, day); err != nil {
		t.Error(err)
	}
	if _, err := d.NewLink(t.Context(), "who", day); !errors.Is(err, desk.ErrNoAccount) {
		t.Errorf("a link for nobody: %v", err)
	}
}

var lives = desk.Lives{Absolute: 12 * time.Hour, Idle: time.Hour}

func TestSessions(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	d.SetCost(desk.Cost{Time: 1, Memory: 8, Threads: 1})
	addAccount(t, d, "ana", desk.Investigator)
	secret, err := d.StartSession(t.Context(), "ana", "192.0.2.1 Firefox", lives, day)
	if err != nil {
		t.Fatal(err)
	}
	in := func(at time.Time) error {
		_, _, err := open(t, dir).InSession(t.Context(), secret, lives, at) // another process
		return err
	}
	at := day
	for range 12 { // in use all day
		at = at.Add(59 * time.Minute)
		if err := in(at); err != nil {
			t.Fatalf("at %s: %v", at, err)
		}
	}
	if err := in(at.Add(30 * time.Minute)); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("past its whole life: %v", err)
	}
	if secret, err = d.StartSession(t.Context(), "ana", "", lives, day); err != nil {
		t.Fatal(err)
	}
	if err := in(day.Add(61 * time.Minute)); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("unused for an hour: %v", err)
	}
	if err := in(day.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	all, err := d.Sessions(t.Context(), "ana")
	if err != nil || len(all) != 2 {
		t.Fatalf("%d sessions, %v", len(all), err)
	}
	for _, s := range all {
		if err := d.EndSession(t.Context(), s.ID, "dan"); err != nil {
			t.Fatal(err)
		}
	}
	if err := in(day.Add(time.Minute)); err != nil {
		t.Errorf("somebody else ended it: %v", err)
	}
	if err := d.DisableAccount(t.Context(), "ana", day); err != nil {
		t.Fatal(err)
	}
	if err := in(day.Add(time.Minute)); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("of a disabled account: %v", err)
	}
	var n int
	err = desktest.Raw(t, dir).QueryRowContext(t.Context(), `SELECT count(*) FROM account WHERE instr(password, $1) > 0 OR password NOT LIKE '$argon2id$v=19$m=8,t=1,p=1$%'`, good).Scan(&n)
	if err != nil || n != 0 {
		t.Errorf("a password is kept otherwise (%v)", err)
	}
}

func TestExternalAccounts(t *testing.T) {
	d := cheap(t)
	addAccount(t, d, "ana", desk.Admin)
	in := func(subject, name string, roles ...desk.Role) (desk.Account, error) {
		return d.SignInExternal(t.Context(), subject, desk.Account{Name: name, Roles: roles}, day)
	}
	if _, err := in("idp#1", "ana", desk.Admin); !errors.Is(err, desk.ErrAccount) {
		t.Errorf("a local account was taken over: %v", err)
	}
	if a, err := in("idp#1", "ana@office", desk.Investigator); err != nil || a.May() != desk.Investigator.Permissions() {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := in("idp#1", "another-name", desk.Analyst); err != nil || a.Name != "ana@office" || a.May() != desk.Analyst.Permissions() {
		t.Errorf("the second time: %+v, %v", a, err)
	}
	if err := d.DisableAccount(t.Context(), "ana@office", day); err != nil {
		t.Fatal(err)
	}
	if _, err := in("idp#1", "ana@office", desk.Analyst); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("disabled here: %v", err)
	}
	if _, err := d.SignIn(t.Context(), desk.Attempt{Name: "ana@office", Password: ""}, day); !errors.Is(err, desk.ErrSignIn) {
		t.Errorf("without a password: %v", err)
	}
}
