"""What the presets of lighthouse-ci assert, and what became of audits that Lighthouse 13 removed.

The names are those of packages/utils/src/presets of GoogleChrome/lighthouse-ci 0.15.
"""

from collections.abc import Collection

_OFF = frozenset(
    """
    interaction-to-next-paint uses-responsive-images-snapshot work-during-interaction
    critical-request-chains final-screenshot js-libraries largest-contentful-paint-element
    layout-shifts main-thread-tasks network-requests network-rtt network-server-latency
    resource-summary screenshot-thumbnails script-treemap-data third-party-summary
    total-blocking-time user-timings diagnostics metrics
    """.split()
)
_ALL = """
    accesskeys aria-allowed-attr aria-allowed-role aria-command-name aria-conditional-attr
    aria-deprecated-role aria-dialog-name aria-hidden-body aria-hidden-focus aria-input-field-name
    aria-meter-name aria-progressbar-name aria-prohibited-attr aria-required-attr
    aria-required-children aria-required-parent aria-roles aria-text aria-toggle-field-name
    aria-tooltip-name aria-treeitem-name aria-valid-attr aria-valid-attr-value bf-cache
    bootup-time button-name bypass canonical charset color-contrast crawlable-anchors csp-xss
    cumulative-layout-shift definition-list deprecations dlitem doctype document-title dom-size
    duplicate-id-aria duplicated-javascript efficient-animated-content empty-heading
    errors-in-console first-contentful-paint first-meaningful-paint font-display font-size
    form-field-multiple-labels frame-title geolocation-on-start heading-order hreflang
    html-has-lang html-lang-valid html-xml-lang-mismatch http-status-code
    identical-links-same-purpose image-alt image-aspect-ratio image-redundant-alt
    image-size-responsive input-button-name input-image-alt inspector-issues interactive
    is-crawlable is-on-https label label-content-name-mismatch landmark-one-main
    largest-contentful-paint lcp-lazy-loaded legacy-javascript link-in-text-block link-name
    link-text list listitem long-tasks mainthread-work-breakdown max-potential-fid
    meta-description meta-refresh meta-viewport modern-image-formats no-document-write
    non-composited-animations notification-on-start object-alt offscreen-images
    paste-preventing-inputs prioritize-lcp-image redirects redirects-http
    render-blocking-resources robots-txt select-name server-response-time skip-link speed-index
    tabindex table-duplicate-name table-fake-caption target-size td-has-header td-headers-attr
    th-has-data-cells third-party-cookies third-party-facades total-byte-weight unminified-css
    unminified-javascript unsized-images unused-css-rules unused-javascript uses-http2
    uses-long-cache-ttl uses-optimized-images uses-passive-event-listeners uses-rel-preconnect
    uses-responsive-images uses-text-compression valid-lang valid-source-maps video-caption
    viewport
    """.split()

_WARNED = frozenset(
    """
    bootup-time cumulative-layout-shift first-contentful-paint first-meaningful-paint
    largest-contentful-paint mainthread-work-breakdown max-potential-fid speed-index interactive
    duplicated-javascript legacy-javascript dom-size is-on-https modern-image-formats
    render-blocking-resources server-response-time uses-long-cache-ttl
    """.split()
)
_COUNTED = frozenset(
    """
    duplicated-javascript efficient-animated-content legacy-javascript offscreen-images
    unminified-css unminified-javascript unused-css-rules unused-javascript
    uses-optimized-images uses-rel-preconnect uses-responsive-images uses-text-compression
    modern-image-formats render-blocking-resources uses-long-cache-ttl
    """.split()
)
_LEFT_OUT = {
    "all": frozenset[str](),
    "recommended": frozenset({"uses-http2", "long-tasks"}),
    "no-pwa": frozenset({"uses-http2", "long-tasks", "is-on-https", "viewport"}),
}
NAMES = tuple(f"lighthouse:{name}" for name in _LEFT_OUT)

# From the guide to Lighthouse's insights: what took the place of the audits removed in 13.0.
REPLACED_BY = {
    "critical-request-chains": "network-dependency-tree-insight",
    "dom-size": "dom-size-insight",
    "duplicated-javascript": "duplicated-javascript-insight",
    "efficient-animated-content": "image-delivery-insight",
    "font-display": "font-display-insight",
    "largest-contentful-paint-element": "lcp-breakdown-insight",
    "lcp-lazy-loaded": "lcp-discovery-insight",
    "legacy-javascript": "legacy-javascript-insight",
    "modern-image-formats": "image-delivery-insight",
    "prioritize-lcp-image": "lcp-discovery-insight",
    "render-blocking-resources": "render-blocking-insight",
    "third-party-summary": "third-parties-insight",
    "uses-http2": "modern-http-insight",
    "uses-long-cache-ttl": "cache-insight",
    "uses-optimized-images": "image-delivery-insight",
    "uses-rel-preconnect": "network-dependency-tree-insight",
    "uses-responsive-images": "image-delivery-insight",
    "uses-text-compression": "document-latency-insight",
    "viewport": "viewport-insight",
    "work-during-interaction": "inp-breakdown-insight",
}


def preset_assertions(name: str, known: Collection[str]) -> tuple[dict[str, object], list[str]]:
    """Return the assertions of a preset on the checks that exist, and those that do not.

    Args:
        name: one of NAMES.
        known: the checks of this Lighthouse. One that was replaced asserts what replaced it.
    """
    short = name.removeprefix("lighthouse:")
    assertions: dict[str, object] = {}
    gone: list[str] = []
    for check in _ALL:
        if check in _OFF or check in _LEFT_OUT[short]:
            continue
        now = check if check in known else REPLACED_BY.get(check, "")
        if now not in known:
            gone.append(check)
            continue
        lenient = short != "all"
        level = "warn" if lenient and check in _WARNED else "error"
        counted = lenient and check in _COUNTED and now == check
        assertions.setdefault(now, [level, {"maxLength": 0} if counted else {}])
    return assertions, gone
