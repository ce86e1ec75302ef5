/** What the page does in the browser: ask for the overview every second and change what differs. */

/**
 * The one script; its hash stands in the page's policy. It changes texts and attributes in place, so that focus, scroll
 * position and a reader's place stay where they are. Nothing is announced at each poll, only that the emulator is gone.
 */
export const SCRIPT = `
const button = document.getElementById('pause')
const status = document.getElementById('status')
let paused = false

function say(text) {
  if (status.textContent !== text) status.textContent = text
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName
}

function become(node, fresh) {
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== fresh.data) node.data = fresh.data
    return
  }
  if (node.nodeType === Node.ELEMENT_NODE) {
    for (const { name } of [...node.attributes]) if (!fresh.hasAttribute(name)) node.removeAttribute(name)
    for (const { name, value } of fresh.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value)
  }
  adopt(node, fresh)
}

function adopt(node, fresh) {
  const wanted = [...fresh.childNodes]
  while (node.childNodes.length > wanted.length) node.lastChild.remove()
  wanted.forEach((child, index) => {
    const present = node.childNodes[index]
    if (present === undefined) node.append(child)
    else if (alike(present, child)) become(present, child)
    else present.replaceWith(child)
  })
}

async function refresh() {
  try {
    const response = await fetch('/__emulator/overview?sections', { cache: 'no-store' })
    if (!response.ok) throw new Error(response.statusText)
    const { sections } = await response.json()
    for (const { id, html } of sections) {
      const template = document.createElement('template')
      template.innerHTML = html
      adopt(document.querySelector('#' + id + ' > .content'), template.content)
    }
    say('')
  } catch {
    say('The emulator does not answer.')
  }
}

async function poll() {
  if (!paused && !document.hidden) await refresh()
  setTimeout(poll, 1000)
}

button.hidden = false
button.addEventListener('click', () => {
  paused = !paused
  button.textContent = paused ? 'Go on refreshing' : 'Pause refreshing'
})
setTimeout(poll, 1000)
`
