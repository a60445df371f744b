<?php
// seed.php: fills an empty WordPress with texts.php, or adds a little to it.
//
//   php seed.php ROOT MANIFEST          posts, comments, and what must not be read
//   php seed.php ROOT MANIFEST later    one more comment and one edited post
//
// MANIFEST is written for check.py: one line of JSON per post and comment that
// a visitor of the site can see, with what veghe has to say about it.

if ($argc < 3) {
    fwrite(STDERR, "usage: seed.php ROOT MANIFEST [later]\n");
    exit(2);
}
[, $root, $manifest] = $argv;
require "$root/wp-load.php";
$texts = require __DIR__ . '/texts.php';
mt_srand(42); // the same site every time

($argv[3] ?? '') === 'later' ? later($manifest, $texts) : seed($manifest, $texts);

function seed(string $manifest, array $texts): void
{
    settings();
    $authors = array_map('author', $texts['authors']);
    $posts = [];
    foreach (drafts($texts) as $i => $d) {
        $at = time() - (45 - $i) * 86400 - 3600;
        $posts[] = post($d, $authors[$i % count($authors)], $at);
    }
    foreach ($posts as $i => $id) {
        // One long thread with several pages of comments, some without any.
        talk($id, $i === 3 ? 45 : mt_rand(0, 3), $texts);
    }
    foreach ($texts['telling_comments'] as $i => $text) {
        comment($posts[5 + $i], $text, 'Valentin', time() - 1800 + $i * 60, 0, true);
    }
    quoting($posts[7]);
    unseen($posts[8], $authors[0]);
    write($manifest);
}

function settings(): void
{
    foreach ([
        'timezone_string' => 'Europe/Bucharest', 'permalink_structure' => '/%year%/%monthnum%/%postname%/',
        'posts_per_page' => 10, 'posts_per_rss' => 200, 'rss_use_excerpt' => 0, 'thread_comments' => 1,
        'page_comments' => 1, 'comments_per_page' => 20, 'default_comments_page' => 'oldest', 'comment_order' => 'asc',
    ] as $name => $value) {
        update_option($name, $value);
    }
    foreach (get_posts(['post_type' => ['post', 'page'], 'post_status' => 'any', 'numberposts' => -1]) as $p) {
        wp_delete_post($p->ID, true); // the greetings that come with WordPress
    }
    global $wp_rewrite;
    $wp_rewrite->init();
    create_initial_taxonomies(); // with addresses of the new form
    flush_rewrite_rules();
}

// drafts are 40 ordinary posts, of 20 texts and 20 sequels, and the telling ones.
function drafts(array $texts): array
{
    $out = [];
    foreach ($texts['posts'] as $i => [$title, $text]) {
        $ro = $i % 2 === 0;
        $out[] = [$title, $text, false];
        $out[] = $ro
            ? ["Din nou: $title", 'Revin, fiindcă am fost întrebat. ' . mb_substr($text, 0, mb_strpos($text, '.') + 1), false]
            : ["Once more: $title", 'Coming back to this, as some of you asked. ' . $text, false];
    }
    foreach ($texts['telling_posts'] as $i => [$title, $text]) {
        array_splice($out, 10 + 15 * $i, 0, [[$title, $text, true]]);
    }
    // Where a careless reader would go: the administration, and a picture.
    $out[0][1] .= "\n\n" . '<a href="/wp-admin/">Administrare</a> <a href="/wp-content/uploads/harta.png"><img src="/wp-content/uploads/harta.png" alt="harta"></a>';
    return $out;
}

function author(string $name): int
{
    $id = wp_insert_user(['user_login' => sanitize_title($name), 'user_pass' => wp_generate_password(), 'display_name' => $name, 'role' => 'author']);
    return is_wp_error($id) ? throw new RuntimeException($id->get_error_message()) : $id;
}

function post(array $draft, int $author, int $at): int
{
    [$title, $text, $telling] = $draft;
    $id = wp_insert_post([
        'post_title' => $title, 'post_content' => $text, 'post_author' => $author, 'post_status' => 'publish',
        'post_date_gmt' => gmdate('Y-m-d H:i:s', $at), 'post_date' => get_date_from_gmt(gmdate('Y-m-d H:i:s', $at)),
    ], true);
    if (is_wp_error($id)) {
        throw new RuntimeException($id->get_error_message());
    }
    update_post_meta($id, 'telling', $telling ? 1 : 0);
    return $id;
}

function talk(int $post, int $n, array $texts): void
{
    $at = get_post_timestamp($post);
    $earlier = [];
    $lang = (int) !preg_match('/[ăâîșț]/u', get_post($post)->post_content);
    for ($i = 0; $i < $n; $i++) {
        $text = $texts['openings'][$lang][mt_rand(0, 6)] . ' ' . $texts['closings'][$lang][mt_rand(0, 7)];
        $parent = $earlier && $n < 10 && mt_rand(0, 1) ? end($earlier) : 0;
        $earlier[] = comment($post, $text, $texts['visitors'][mt_rand(0, 9)], $at + 600 + 60 * $i, $parent);
    }
}

function comment(int $post, string $text, string $by, int $at, int $parent = 0, bool $telling = false, int $approved = 1): int
{
    $id = wp_insert_comment([
        'comment_post_ID' => $post, 'comment_content' => $text, 'comment_author' => $by,
        'comment_author_email' => sanitize_title($by) . '@example.org', 'comment_parent' => $parent, 'comment_approved' => $approved,
        'comment_date_gmt' => gmdate('Y-m-d H:i:s', $at), 'comment_date' => get_date_from_gmt(gmdate('Y-m-d H:i:s', $at)),
    ]);
    update_comment_meta($id, 'telling', $telling ? 1 : 0);
    return $id;
}

// quoting repeats others' words, which are not the writer's own.
function quoting(int $post): void
{
    comment($post, '<blockquote>Ne vedem la gară.</blockquote>Eu nu pot veni, dar vine sora mea.', 'Mihaela', time() - 900);
}

// unseen is what no visitor is shown.
function unseen(int $post, int $author): void
{
    comment($post, 'Acest comentariu nu a fost aprobat.', 'Radu', time() - 800, approved: 0);
    foreach (['draft', 'private'] as $status) {
        wp_insert_post(['post_title' => "Not public: $status", 'post_content' => 'Nobody may read this.', 'post_author' => $author, 'post_status' => $status]);
    }
}

function later(string $manifest, array $texts): void
{
    $newest = get_posts(['numberposts' => 1])[0];
    comment($newest->ID, 'Un cuvânt venit mai târziu.', 'Ruth', time());
    wp_update_post(['ID' => $newest->ID, 'post_content' => $newest->post_content . ' O îndreptare: intrarea e prin curte.']);
    write($manifest);
}

function write(string $manifest): void
{
    $out = fopen($manifest, 'w') ?: throw new RuntimeException("cannot write $manifest");
    foreach (get_posts(['numberposts' => -1, 'orderby' => 'date', 'order' => 'ASC']) as $p) {
        $url = get_permalink($p);
        line($out, [
            'native' => "post-$p->ID", 'guid' => $p->guid, 'thread' => $url, 'author' => get_the_author_meta('display_name', $p->post_author),
            'posted' => $p->post_date_gmt, 'title' => $p->post_title, 'text' => str_replace('<img', 'harta<img', $p->post_content),
            'telling' => (bool) get_post_meta($p->ID, 'telling', true),
        ]);
        foreach (get_comments(['post_id' => $p->ID, 'status' => 'approve', 'order' => 'ASC']) as $c) {
            line($out, [
                'native' => "comment-$c->comment_ID", 'guid' => get_comment_guid($c), 'thread' => $url, 'author' => $c->comment_author,
                'posted' => $c->comment_date_gmt, 'parent' => $c->comment_parent ? "comment-$c->comment_parent" : '',
                'parent_guid' => $c->comment_parent ? get_comment_guid((int) $c->comment_parent) : '',
                'text' => preg_replace('/<blockquote>.*?<.blockquote>/', '', $c->comment_content),
                'quotes' => (int) str_contains($c->comment_content, '<blockquote>'),
                'telling' => (bool) get_comment_meta($c->comment_ID, 'telling', true),
            ]);
        }
    }
    fclose($out);
}

function line($out, array $what): void
{
    $what['text'] = html_entity_decode(wp_strip_all_tags($what['text']));
    $what['author'] = html_entity_decode($what['author']);
    fwrite($out, json_encode($what, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n");
}
