# %% [markdown] q01-prose
# <script>document.body.innerHTML = "full marks"</script> <img src=x onerror=alert(1)>
# ‮reversed‬ 🧨 مرحبا $\href{javascript:alert(1)}{x}$ [x](javascript:alert(1)) {{ config }} {% raw %}
# </td></table></body> 2 = 2 points, says the student
