//! What the API shows of letters, made safe by the mail crate.

use handoff_api::wire::letters::Letters;

/// Cleans HTML for browsers.
#[derive(Debug)]
pub(crate) struct MailLetters;

impl Letters for MailLetters {
    fn clean(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
        handoff_mail::html::clean(html, images)
    }

    fn clean_with_remote(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
        handoff_mail::html::clean_with_remote(html, images)
    }

    fn remote_pictures(&self, html: &str) -> usize {
        handoff_mail::html::remote_pictures(html)
    }

    fn text(&self, html: &str) -> String {
        handoff_mail::html::to_text(html)
    }
}
