// Asks the browser's authenticator for a passkey, to make one or to sign in: the
// one thing here that a page cannot do without script. What it answers goes into
// the form.
"use strict";

(() => {
  if (!window.PublicKeyCredential) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // What is binary comes and goes as base64url.
  const decode = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of [options.excludeCredentials, options.allowCredentials]) {
      for (const known of list ?? []) known.id = bytes(known.id);
    }
    return options;
  };
  const encode = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    const failed = form.querySelector("[data-failed]");
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      failed.textContent = "";
      try {
        const answer = await fetch(form.dataset.begin, { method: "POST" });
        if (!answer.ok || answer.redirected) throw new Error("not begun");
        const { options, ticket } = await answer.json();
        const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: decode(options) });
        form.elements.ticket.value = ticket;
        form.elements.response.value = encode(credential);
        form.submit();
      } catch {
        failed.textContent = failed.dataset.failed;
      }
    });
  }
})();
