import { said } from "./said.js";

const show = (text) => { document.getElementById("said").textContent = text; };
show(said);
window.loadedAt = performance.timeOrigin;
import.meta.hot.accept("./said.js", (changed) => show(changed.said));
