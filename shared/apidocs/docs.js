// Opens Swagger UI on our own document, with a sample in Python beside the one for curl.

const dark = matchMedia("(prefers-color-scheme: dark)");
const followTheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followTheme);
followTheme();

function pythonSample(request) {
  const body = request.get("body");
  const headers = Object.fromEntries(request.get("headers") ?? []);
  return [
    "import urllib.request",
    "",
    "request = urllib.request.Request(",
    `    ${JSON.stringify(request.get("url"))},`,
    `    method=${JSON.stringify(request.get("method"))},`,
    `    headers=${JSON.stringify(headers)},`,
    ...(body ? [`    data=${JSON.stringify(String(body))}.encode(),`] : []),
    ")",
    "print(urllib.request.urlopen(request, timeout=30).read().decode())",
  ].join("\n");
}

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  filter: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestSnippetsEnabled: true,
  requestSnippets: {
    generators: {
      curl_bash: { title: "curl", syntax: "bash" },
      python: { title: "Python", syntax: "python" },
    },
  },
  plugins: [() => ({ fn: { requestSnippetGenerator_python: pythonSample } })],
});
