<?php
// router.php: what a web server's rewrite rules do for WordPress. A file that
// is there is served as it is; everything else, robots.txt too, is WordPress's.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/';
$file = realpath($_SERVER['DOCUMENT_ROOT'] . rawurldecode($path));
if ($file !== false && str_starts_with($file, $_SERVER['DOCUMENT_ROOT'])
    && (is_file($file) || is_file("$file/index.php"))) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $_SERVER['DOCUMENT_ROOT'] . '/index.php';
require $_SERVER['SCRIPT_FILENAME'];
