// A page as people write them with React, without JSX, so that nothing but Vite is needed to build it.
import { createElement as h, useState } from "react"
import { createRoot } from "react-dom/client"

function Notes() {
  const [text, setText] = useState("")
  const [answer, setAnswer] = useState("")
  const save = async () => {
    const found = await oidcGate.fetch("/api", { method: "POST", body: new URLSearchParams({ text }) })
    setAnswer(found.ok ? await found.text() : "status " + found.status)
  }
  return h("main", null,
    h("label", null, "Text ", h("input", { value: text, onChange: event => setText(event.target.value) })),
    h("button", { onClick: save }, "Save"),
    h("output", null, answer))
}

createRoot(document.getElementById("root")).render(h(Notes))
