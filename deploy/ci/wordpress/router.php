<?php
// router.php: what a web server's rewrite rules do for WordPress. A file that
// is there is served as it is; everything else, robots.txt too, is WordPress's.
// PHP's server does not log what a router answers, so this one does.

register_shutdown_function(function (): void {
    file_put_contents('php://stderr', sprintf("visit %d %s %s %s\n", http_response_code(),
        $_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI'], $_SERVER['HTTP_USER_AGENT'] ?? '-'));
});

$top = $_SERVER['DOCUMENT_ROOT'];
$file = realpath($top . rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/'));
if ($file !== false && is_dir($file) && is_file("$file/index.php")) {
    $file .= '/index.php';
}
if ($file === false || !str_starts_with($file, "$top/") || !is_file($file)) {
    $file = "$top/index.php";
}
if (!str_ends_with($file, '.php')) {
    return false;
}
$_SERVER['SCRIPT_FILENAME'] = $file;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = substr($file, strlen($top));
chdir(dirname($file));
require $file;
