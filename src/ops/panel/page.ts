/** The page itself: no data, no inline script or style (the policy in guard.ts would refuse them). */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Lamplighter</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/panel/style.css">
<script type="module" src="/panel/start.js"></script>
</head>
<body>
<header class="top">
  <h1>Lamplighter</h1>
  <p id="domain" class="quiet"></p>
  <ul id="links" class="pills" aria-label="Links and readiness"></ul>
</header>
<p id="lost" class="banner" role="status" hidden>Connection lost. What you see may be old; trying again…</p>
<p id="problem" class="banner problem" role="alert" hidden><span id="problem-text"></span>
  <button type="button" id="problem-close" class="plain" aria-label="Dismiss">×</button></p>
<noscript><p class="banner problem">This page needs JavaScript. The same is at /api/v1/extensions.</p></noscript>
<main>
  <div class="tools">
    <label class="search">Find <input id="filter" type="search" autocomplete="off" placeholder="number, name, dnd, ringing…"></label>
    <p id="summary" class="quiet" role="status"></p>
  </div>
  <details id="try" class="try" hidden open>
    <summary>Try it: this PBX is simulated</summary>
    <form id="call-form" class="row">
      <label>From <input name="from" list="known" required maxlength="64" value="1001" autocomplete="off"></label>
      <label>Name shown <input name="fromName" maxlength="64" autocomplete="off" placeholder="optional"></label>
      <label>To <input name="to" list="known" required maxlength="64" value="1002" autocomplete="off"></label>
      <button type="submit" class="main">Call</button>
      <datalist id="known"></datalist>
    </form>
    <ul id="calls" class="calls" aria-label="Calls made here"></ul>
  </details>
  <ul id="grid" class="grid" aria-label="Extensions"></ul>
  <p id="empty" class="quiet" hidden>No extension to show.</p>
</main>
<dialog id="forward" aria-labelledby="forward-title">
  <form method="dialog" id="forward-form">
    <h2 id="forward-title"></h2>
    <label>Forward to <input id="forward-target" required maxlength="64" autocomplete="off" inputmode="tel"></label>
    <label id="forward-rings-label">After rings
      <input id="forward-rings" type="number" min="1" max="20" placeholder="as it is"></label>
    <div class="row end">
      <button type="button" id="forward-cancel">Cancel</button>
      <button type="submit" class="main">Turn on</button>
    </div>
  </form>
</dialog>
<dialog id="login" aria-labelledby="login-title">
  <form method="dialog" id="login-form">
    <h2 id="login-title">Token needed</h2>
    <label>Token of http.tokenFile <input id="login-token" type="password" required autocomplete="off"></label>
    <div class="row end"><button type="submit" class="main">Continue</button></div>
  </form>
</dialog>
</body>
</html>
`;

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<circle cx="8" cy="8" r="7" fill="#f2b632"/><circle cx="8" cy="8" r="3.5" fill="#fff3cf"/></svg>
`;
